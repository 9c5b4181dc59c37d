# pytest files; scripts/check runs them inside house.py.
EXTRA_DIST += \
	tests/integration/apps.py \
	tests/integration/conftest.py \
	tests/integration/demo.py \
	tests/integration/house.py \
	tests/integration/machine.py \
	tests/integration/ssh.py \
	tests/integration/test_agent.py \
	tests/integration/test_askpass.py \
	tests/integration/test_askpass_keys.py \
	tests/integration/test_bad_bus_input.py \
	tests/integration/test_client_programs.py \
	tests/integration/test_clients.py \
	tests/integration/test_daemon.py \
	tests/integration/test_enrol_agent.py \
	tests/integration/test_enrol_cli.py \
	tests/integration/test_enrol_openssh.py \
	tests/integration/test_enrol_ssh.py \
	tests/integration/test_etc.py \
	tests/integration/test_formats.py \
	tests/integration/test_house.py \
	tests/integration/test_identify.py \
	tests/integration/test_keys.py \
	tests/integration/test_kill_enrolment.py \
	tests/integration/test_many.py \
	tests/integration/test_module.py \
	tests/integration/test_no_telling.py \
	tests/integration/test_private_instance.py \
	tests/integration/test_relying_party.py \
	tests/integration/test_remote.py \
	tests/integration/test_road_ssh.py \
	tests/integration/test_road_ssh_trouble.py \
	tests/integration/test_secrets.py \
	tests/integration/test_services.py \
	tests/integration/test_store_failures.py \
	tests/integration/test_sudo_su_login.py \
	tests/integration/webauthn_client.py
