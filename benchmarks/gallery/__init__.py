"""A million images, 50,000 exams, 10,000 users: pages of every list, at the database, at the API and in a browser."""
