from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from people.models import Colleague, Person


@admin.register(Person)
class PersonAdmin(UserAdmin):
    """People come and go by Gatehouse; here their passwords can be changed."""

    list_display = ["username", "email", "is_active"]
    list_filter = []
    search_fields = ["email"]
    ordering = ["id"]
    filter_horizontal = []
    readonly_fields = ["username", "email", "is_active", "last_login"]
    fieldsets = [(None, {"fields": ["username", "email", "password", "is_active", "last_login"]})]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Colleague)
class ColleagueAdmin(admin.ModelAdmin):
    raw_id_fields = ["person"]
