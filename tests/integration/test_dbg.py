from tests.integration.files import *
from tests.integration.conftest import *
def test_x(driver, tmp_path):
    case = VGG16
    driver.open_as_argument(case.write_model(tmp_path), case.custom_code)
    driver.click_tick(case.frozen)
    driver.drop(case.write_data(tmp_path))
    driver.type_into("epochs", "1")
    print(driver.window.training.settings(), driver.window.training._report)
    driver.train()
    print(driver.notice, driver.run_state); print(driver.window.training.settings(), driver.window.training._report)
def test_y(driver, tmp_path):
    case = SEQUENTIAL
    driver.open_as_argument(case.write_model(tmp_path), case.custom_code)
    driver.click_tick(case.frozen)
    driver.drop(case.write_data(tmp_path))
    driver.type_into("epochs", "1")
    driver.wait(lambda: not driver.window.training.start_obstacle())
    print(driver.window.training.settings(), driver.window.training._report)
    driver.click("startButton")
    import time; t=time.time()
    driver.wait(lambda: time.time()-t>5)
    print(driver.notice, driver.run_state); print(driver.window.training.settings(), driver.window.training._report)
    print(driver.window.log.findChild(object,"") )
