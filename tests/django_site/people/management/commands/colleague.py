from django.core.management.base import BaseCommand, CommandError

from people.models import Colleague, Person


class Command(BaseCommand):
    help = "Let somebody of the users table use the admin site."

    def add_arguments(self, parser):
        parser.add_argument("name", help="username or email")

    def handle(self, name, **options):
        person = Person.objects.find(name)
        if person is None:
            raise CommandError(f"there is nobody with the username or email {name}")
        Colleague.objects.get_or_create(person=person)
        self.stdout.write(f"{person} may use the admin site.")
