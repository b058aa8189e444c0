class SessionsRouter:
    """Of a project of its own: only the sessions are in PostgreSQL."""

    def db_for_read(self, model, **hints):
        return "sessions" if model._meta.app_label == "sessions" else None

    db_for_write = db_for_read
