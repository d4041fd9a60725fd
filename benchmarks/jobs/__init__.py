"""`make bench-jobs`: what the queue costs an upload, what bookkeeping costs a job, how soon jobs recover, and lists and
bulk acts over very many rows."""
