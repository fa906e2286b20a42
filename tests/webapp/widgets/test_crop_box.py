from explorer.webapp.widgets.crop_box import has_choice


def test_there_is_a_choice_on_images_that_one_can_aim_at() -> None:
    assert has_choice(640, 480, 32)
    assert has_choice(40, 32, 32)
    assert not has_choice(32, 32, 32)
    assert not has_choice(20, 20, 32)
    assert not has_choice(5000, 3, 1)
