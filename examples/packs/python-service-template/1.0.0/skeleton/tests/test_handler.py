from service.handler import answer


def test_health():
    assert answer("/health") == (200, "ok")


def test_unknown_path():
    assert answer("/x")[0] == 404
