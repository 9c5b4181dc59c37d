# pytest files; scripts/check runs them inside house.py.
EXTRA_DIST += \
	tests/integration/conftest.py \
	tests/integration/house.py \
	tests/integration/machine.py \
	tests/integration/test_etc.py \
	tests/integration/test_house.py
EXTRA_DIST += tests/integration/test_client_programs.py
