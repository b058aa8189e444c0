import json

from django.contrib import auth
from django.http import HttpResponse, JsonResponse
from django.template import engines
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie


def whoami(request):
    """Who is signed in, and what the session holds beside that."""
    user = request.user
    rest = {name: value for name, value in request.session.items() if not name.startswith("_auth_user_")}
    return JsonResponse({
        "signed_in": user.is_authenticated,
        "id": user.pk,
        "username": user.get_username(),
        "email": getattr(user, "email", ""),
        "last_login": getattr(user, "last_login", None),
        "session": rest,
    })


@csrf_exempt
def login(request):
    user = auth.authenticate(request, username=request.POST["username"], password=request.POST["password"])
    if user is None:
        return JsonResponse({"signed_in": False}, status=401)
    auth.login(request, user)
    return JsonResponse({"signed_in": True, "id": user.pk})


@csrf_exempt
def logout(request):
    auth.logout(request)
    return JsonResponse({"signed_in": False})


@csrf_exempt
def store(request):
    """Put the members of a JSON object into the session."""
    request.session.update(json.loads(request.body))
    return JsonResponse({"stored": True})


@csrf_exempt
def stretch(request):
    """Everything a view can do to make its session last: ten years, saved."""
    request.session.set_expiry(10 * 365 * 86400)
    request.session.save()
    return JsonResponse({"expires_in": request.session.get_expiry_age()})


@ensure_csrf_cookie
def form(request):
    """A form that Django protects itself; the page is its token."""
    if request.method == "POST":
        return HttpResponse("accepted")
    return HttpResponse(engines["django"].from_string("{{ csrf_token }}").render({}, request))


def conversations(request):
    from gatehouse_django.chats.models import ChatSession
    mine = ChatSession.objects.filter(auth_user_id=str(request.user.pk)).prefetch_related("messages")
    return JsonResponse({"conversations": [
        {"title": c.title, "messages": [[m.role, m.content] for m in c.messages.all()]} for c in mine]})
