from django.urls import path

from neighbour import views

urlpatterns = [
    path("whoami", views.whoami),
    path("login", views.login),
    path("logout", views.logout),
    path("store", views.store),
    path("form", views.form),
    path("conversations", views.conversations),
]
