"""These tests meet the running product."""

from product_fixtures import own_database, people_database, product  # noqa: F401 - fixtures are found by name
