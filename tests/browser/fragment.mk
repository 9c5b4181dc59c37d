# Real clients against passkey-gateway, in Node.js and in Chromium; tests/integration/test_http_clients.py runs them.
EXTRA_DIST += \
	tests/browser/.npmrc \
	tests/browser/authsignal.test.mjs \
	tests/browser/autional.test.mjs \
	tests/browser/chromium.mjs \
	tests/browser/calls.test.mjs \
	tests/browser/chromium.test.mjs \
	tests/browser/cloudreve.test.mjs \
	tests/browser/contract.mjs \
	tests/browser/hanko.test.mjs \
	tests/browser/forward.test.mjs \
	tests/browser/link.mjs \
	tests/browser/own.mjs \
	tests/browser/package-lock.json \
	tests/browser/package.json \
	tests/browser/page.mjs \
	tests/browser/suggest.mjs \
	tests/browser/scene.mjs \
	tests/browser/schemas.test.mjs \
	tests/browser/schemas_authsignal.mjs \
	tests/browser/schemas_autional.mjs \
	tests/browser/schemas_cloudreve.mjs \
	tests/browser/schemas_hanko.mjs
