"""Conversations and messages of Gatehouse's chat. An app of its own, so that a project that already
has models for these tables leaves it out: INSTALLED_APPS += ["gatehouse_django.chats"]."""
