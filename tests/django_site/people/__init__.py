"""The project's own idea of the people of the users table: who of them may use the admin site."""
