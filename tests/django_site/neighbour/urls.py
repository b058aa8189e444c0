from django.contrib import admin
from django.urls import path

from neighbour import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("whoami", views.whoami),
    path("login", views.login),
    path("logout", views.logout),
    path("store", views.store),
    path("stretch", views.stretch),
    path("form", views.form),
    path("conversations", views.conversations),
]
