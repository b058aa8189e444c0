"""The tables that Gatehouse's chat writes (sql/postgresql/002_chat.sql makes them).

A conversation's owner is `auth_user_id`, the text of the person's id in the users table:
ChatSession.objects.filter(auth_user_id=str(request.user.pk)).
"""
import uuid

from django.db import models


class ChatSession(models.Model):
    session_id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user_id = models.CharField(max_length=255, null=True, blank=True)
    auth_user_id = models.CharField(max_length=255, null=True, blank=True)
    auth_username = models.CharField(max_length=255, null=True, blank=True)
    is_authenticated = models.BooleanField(default=False)
    authentication_method = models.CharField(max_length=50, null=True, blank=True)
    session_token = models.CharField(max_length=255, null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    country = models.CharField(max_length=100, null=True, blank=True)
    service_type = models.CharField(max_length=100, null=True, blank=True)
    title = models.CharField(max_length=255, null=True, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_activity = models.DateTimeField(auto_now=True)

    class Meta:
        managed = False
        db_table = "chats_chatsession"
        ordering = ["-last_activity"]

    def __str__(self):
        return self.title or str(self.session_id)


class ChatMessage(models.Model):
    ROLES = [("user", "user"), ("assistant", "assistant"), ("system", "system")]

    id = models.BigAutoField(primary_key=True)
    session = models.ForeignKey(ChatSession, models.CASCADE, related_name="messages")
    role = models.CharField(max_length=20, choices=ROLES)
    content = models.TextField()
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        managed = False
        db_table = "chats_chatmessage"
        ordering = ["id"]

    def __str__(self):
        return f"{self.role}: {self.content[:60]}"
