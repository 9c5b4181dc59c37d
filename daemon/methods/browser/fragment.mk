# The browser method: a passkey in a browser, by a link and a code.
daemon_libdaemon_la_SOURCES += \
	daemon/methods/browser/browser.c \
	daemon/methods/browser/enroll.c \
	daemon/methods/browser/link_code.c daemon/methods/browser/link_code.h \
	daemon/methods/browser/sign_in.c
