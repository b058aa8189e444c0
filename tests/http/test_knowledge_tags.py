"""[chat] knowledge_tags: only articles with one of these tags answer; the others are for whoever keeps them."""
import pytest

from support.answers import Models, ask, finished
from support.model_server import openai
from support.site import Visitor, add_person

TAGS = " Public matters ,  for everybody"


def article(folder, name, title, tags, country="Germany"):
    (folder / f"{name}.md").write_text(f"---\ntitle: {title}\ncountry: {country}\nservice: Tax\ntags: {tags}\n---\n"
                                       f"{title} are looked after by the harbour office.\n\n## Cost\n{title} cost nine euro.\n")


@pytest.fixture(scope="module")
def models(stack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("articles")
    article(folder, "test-zeppelins", "Zeppelin permits", "airship, PUBLIC MATTERS")
    article(folder, "test-submarines", "Submarine permits", "boat, internal")
    article(folder, "test-gliders", "Glider permits", "For Everybody", country="Atlantis")
    assert stack.command("knowledge", "import", str(folder)).returncode == 0
    models = Models(stack, chat_knowledge="on", chat_knowledge_tags=TAGS, openai_models="test")
    yield models
    models.stop()
    for name in ("test-zeppelins", "test-submarines", "test-gliders"):
        assert stack.command("knowledge", "remove", name).returncode == 0


@pytest.fixture
def one(models, request, mysql):
    visitor = Visitor(models.site(request.config.getoption("--servers").split(",")[0]))
    assert visitor.sign_in(add_person(mysql)).status == 303
    return visitor


def said(visitor, text, **more):
    return ask(visitor, text, model="knowledge", **more)["messages"][1]["content"]


def test_only_articles_with_such_a_tag_answer(one):
    assert "/articles/test-zeppelins" in said(one, "What do zeppelin permits cost?")
    assert "/articles/test-gliders" in said(one, "What do glider permits cost?")
    for question in ("What do submarine permits cost?", "What is the VAT rate in Germany?"):
        answer = said(one, question)
        assert "submarine" not in answer.lower() and "germany-vat" not in answer, answer


def test_nothing_else_is_offered_either(one):
    """Neither beside an answer, nor where there is none, nor to begin with."""
    for question in ("What do zeppelin permits cost in Germany?", "Which dinosaur had the longest neck?", "Germany", "help", "asdf"):
        for country in ("", "Germany"):
            answer = said(one, question, country=country, service_type="Tax" if country else "")
            found = {part.split(")")[0] for part in answer.split("](/articles/")[1:]}
            assert found <= {"test-zeppelins", "test-gliders"}, answer
    help = said(one, "help")
    assert "Tax in Atlantis and Germany." in help and "/articles/test-gliders" in help
    page = one.get("/chat/").text
    assert 'value="Zeppelin permits"' in page and "Submarine" not in page and "VAT" not in page


def test_models_get_nothing_else(models, one):
    models.server.script(openai("Well."))
    answer = finished(one, ask(one, "What do zeppelin permits cost?")["answer"])
    assert answer["content"] == "Well.\n\nSources: [Zeppelin permits](/articles/test-zeppelins)\n"
    assert "Zeppelin permits cost nine euro." in models.server.requests[-1].json["messages"][0]["content"]
    answer = finished(one, ask(one, "What do submarine permits cost?")["answer"])
    assert answer["content"] == "Well." and "Submarine" not in models.server.requests[-1].json["messages"][0]["content"]


def test_without_the_setting_all_of_them_answer(models, one_member):
    assert "/articles/test-submarines" in said(one_member, "What do submarine permits cost?")


def test_a_check_names_a_tag_that_no_article_has(models, stack):
    done = stack.command("knowledge", "check", extra={"GATEHOUSE_CHAT_KNOWLEDGE_TAGS": "internal, publik"})
    assert done.returncode == 1 and "no article has the tag publik" in done.stderr and "internal" not in done.stderr
    assert "no article has" not in stack.command("knowledge", "check").stderr
