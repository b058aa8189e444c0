"""One sign-in for Gatehouse and a Django project.

Gatehouse keeps its sessions in Django's own table and format. With this app a Django project that
shares the users table, the session table and the SECRET_KEY finds `request.user` in them:

    models.User              the people of the MySQL users table, as the project's user model
    backends.GatehouseBackend  finds them by id, or by username or email and password
    routers.GatehouseRouter  people in MySQL; sessions and conversations in PostgreSQL
    chats                    an app of its own: conversations and messages, to read

The settings are described in gatehouse_django.conf, the whole of it in docs/DJANGO.md.
"""
