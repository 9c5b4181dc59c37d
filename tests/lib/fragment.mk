# The software authenticator. A preloaded library must be a real shared object, which libtool makes
# only of what has an -rpath; it is never installed. It has no sanitizers or coverage, because it
# is loaded into programs that are built without them.
check_LTLIBRARIES += tests/lib/libsoftkey.la
tests_lib_libsoftkey_la_SOURCES = tests/lib/preload.c
tests_lib_libsoftkey_la_CFLAGS = $(filter-out -fsanitize=% -fno-sanitize% --coverage, $(PK_CFLAGS)) \
	$(FIDO2_CFLAGS)
tests_lib_libsoftkey_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
tests_lib_libsoftkey_la_LIBADD =

# For scripts/valgrind-tests.
check_LTLIBRARIES += tests/lib/libvalgrindclone.la
tests_lib_libvalgrindclone_la_SOURCES = tests/lib/valgrind_clone.c
tests_lib_libvalgrindclone_la_CFLAGS = $(tests_lib_libsoftkey_la_CFLAGS)
tests_lib_libvalgrindclone_la_LDFLAGS = $(tests_lib_libsoftkey_la_LDFLAGS)
tests_lib_libvalgrindclone_la_LIBADD =

# A security key in software for OpenSSH's programs, built in the same way.
check_LTLIBRARIES += tests/lib/libskprovider.la
tests_lib_libskprovider_la_SOURCES = tests/lib/sk_provider.c
tests_lib_libskprovider_la_CFLAGS = $(filter-out -fsanitize=% -fno-sanitize% --coverage, $(PK_CFLAGS)) \
	$(CRYPTO_CFLAGS)
tests_lib_libskprovider_la_LDFLAGS = $(tests_lib_libsoftkey_la_LDFLAGS)
tests_lib_libskprovider_la_LIBADD = $(CRYPTO_LIBS)

# A directory of accounts, for the name service switch of the private namespace.
check_LTLIBRARIES += tests/lib/libnsspeople.la
tests_lib_libnsspeople_la_SOURCES = tests/lib/nss_people.c
tests_lib_libnsspeople_la_CFLAGS = $(filter-out -fsanitize=% -fno-sanitize% --coverage, $(PK_CFLAGS))
tests_lib_libnsspeople_la_LDFLAGS = $(tests_lib_libsoftkey_la_LDFLAGS)
tests_lib_libnsspeople_la_LIBADD =
# What passkey-askpass takes for ssh, where a test calls it without one.
check_PROGRAMS += tests/lib/stand_in/ssh
tests_lib_stand_in_ssh_SOURCES = tests/lib/stand_in_ssh.c

# A store in a process of its own.
check_PROGRAMS += tests/lib/store_process
tests_lib_store_process_SOURCES = tests/lib/store_process.c
tests_lib_store_process_LDADD = store/sqlite/libstoresqlite.la $(store_server_libs) $(webauthn_libs)

# A screen locker that asks in words of its own.
check_PROGRAMS += tests/lib/locker
tests_lib_locker_SOURCES = tests/lib/locker.c
tests_lib_locker_CFLAGS = $(filter-out -fsanitize=% -fno-sanitize% --coverage, $(PK_CFLAGS))
tests_lib_locker_LDADD = $(PAM_LIBS) -lpam_misc

# A name service and a disk that answer when a test says so, built in the same way.
check_LTLIBRARIES += tests/lib/libheld.la
tests_lib_libheld_la_SOURCES = tests/lib/held.c
tests_lib_libheld_la_CFLAGS = $(filter-out -fsanitize=% -fno-sanitize% --coverage, $(PK_CFLAGS))
tests_lib_libheld_la_LDFLAGS = $(tests_lib_libsoftkey_la_LDFLAGS)
tests_lib_libheld_la_LIBADD =

# A clock that is ahead, where a test cannot wait.
check_LTLIBRARIES += tests/lib/liblater.la
tests_lib_liblater_la_SOURCES = tests/lib/later.c
tests_lib_liblater_la_CFLAGS = $(tests_lib_libheld_la_CFLAGS)
tests_lib_liblater_la_LDFLAGS = $(tests_lib_libsoftkey_la_LDFLAGS)
tests_lib_liblater_la_LIBADD =

EXTRA_DIST += \
	tests/lib/ctap/__init__.py \
	tests/lib/ctap/attestation.py \
	tests/lib/ctap/authenticator.py \
	tests/lib/ctap/cbor.py \
	tests/lib/ctap/client_pin.py \
	tests/lib/ctap/credential.py \
	tests/lib/ctap/credential_management.py \
	tests/lib/ctap/device.py \
	tests/lib/ctap/errors.py \
	tests/lib/ctap/hid.py \
	tests/lib/ctap/host.py \
	tests/lib/ctap/rsa_primes.txt \
	tests/lib/ctap/state.py \
	tests/lib/ctap/u2f.py \
	tests/lib/ctap/uhid.py \
	tests/lib/logind.py \
	tests/lib/softkey.py \
	tests/lib/software_agent.py \
	tests/lib/software_authenticator.py
