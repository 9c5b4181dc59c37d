/* SPDX-License-Identifier: BSD-2-Clause */
/* What the pages about one's own passkeys say: more rows of page_words.h. */
#ifndef GATEWAY_OWN_WORDS_H
#define GATEWAY_OWN_WORDS_H

/* X(NAME, English, German) */
/* clang-format off */
#define OWN_WORDS(X)                                                                               \
    X(OWN, "Your passkeys", "Ihre Passkeys")                                                       \
    /* account, host */                                                                            \
    X(OWN_OF, "Passkeys of %s on %s", "Passkeys von %s auf %s")                                    \
    X(OWN_SIGN_IN, "Sign in to see your passkeys", "Anmelden, um Ihre Passkeys zu sehen")          \
    X(OWN_SIGN_IN_MORE,                                                                            \
      "Here you look after the passkeys of your account: see where they were used, name them, add "\
      "and remove them.",                                                                          \
      "Hier verwalten Sie die Passkeys Ihres Kontos: sehen, wo sie verwendet wurden, sie benennen, "\
      "hinzufügen und entfernen.")                                                                 \
    X(OWN_USE, "Sign in with a passkey", "Mit Passkey anmelden")                                   \
    X(OWN_BY_NAME_MORE,                                                                            \
      "Some security keys need the account's name first.",                                         \
      "Manche Sicherheitsschlüssel brauchen zuerst den Namen des Kontos.")                         \
    X(OWN_ACCOUNT, "Account name", "Name des Kontos")                                              \
    X(OWN_BY_NAME, "Sign in with this name", "Mit diesem Namen anmelden")                          \
    X(OWN_SIGN_IN_REFUSED, "This passkey was not accepted here.",                                  \
      "Dieser Passkey wurde hier nicht angenommen.")                                               \
    X(OWN_UNKNOWN, "This passkey belongs to no account here. It may have been removed.",           \
      "Dieser Passkey gehört hier zu keinem Konto. Vielleicht wurde er entfernt.")                 \
    X(OWN_ENDED,                                                                                   \
      "You are not signed in any more: after ten minutes without use, after an hour, or when the " \
      "passkey was removed or passkeyd was started again. Nothing was changed.",                   \
      "Sie sind nicht mehr angemeldet: nach zehn Minuten ohne Nutzung, nach einer Stunde oder "    \
      "weil der Passkey entfernt oder passkeyd neu gestartet wurde. Es wurde nichts geändert.")    \
    X(OWN_SIGNED_OUT, "You are signed out.", "Sie sind abgemeldet.")                               \
    X(OWN_LAST_GONE, "Your last passkey was removed, and you are signed out.",                     \
      "Ihr letzter Passkey wurde entfernt, und Sie sind abgemeldet.")                              \
    X(OWN_SIGN_OUT, "Sign out", "Abmelden")                                                        \
    X(OWN_PASSKEYS, "Passkeys", "Passkeys")                                                        \
    X(OWN_DECISIONS, "Sign-ins", "Anmeldungen")                                                    \
    X(OWN_PAGES, "Pages", "Seiten")                                                                \
    X(OWN_PROVIDER, "Kept by", "Aufbewahrt von")                                                   \
    X(OWN_CREATED, "Added", "Hinzugefügt")                                                         \
    X(OWN_USED, "Last used", "Zuletzt verwendet")                                                  \
    X(OWN_NEVER, "never", "nie")                                                                   \
    X(OWN_WHERE, "Where", "Wo")                                                                    \
    X(OWN_THIS, "This is the passkey that you are signed in with.",                                \
      "Mit diesem Passkey sind Sie angemeldet.")                                                   \
    X(OWN_ELSEWHERE, "It is used in terminals only, and not in browsers.",                         \
      "Er wird nur in Terminals verwendet und nicht in Browsern.")                                 \
    X(OWN_RENAME, "Rename", "Umbenennen")                                                          \
    X(OWN_REMOVE, "Remove", "Entfernen")                                                           \
    /* name */                                                                                     \
    X(OWN_RENAME_THIS, "Rename “%s”", "„%s“ umbenennen")                                         \
    X(OWN_REMOVE_THIS, "Remove “%s”", "„%s“ entfernen")                                          \
    X(OWN_NAME, "New name", "Neuer Name")                                                          \
    X(OWN_NAME_MORE, "At most 64 bytes, which are 64 letters without accents.",                    \
      "Höchstens 64 Byte, das sind 64 Buchstaben ohne Umlaute.")                                   \
    X(OWN_SAVE, "Save the name", "Namen speichern")                                                \
    X(OWN_CANCEL, "Cancel", "Abbrechen")                                                           \
    X(OWN_REMOVE_MORE,                                                                             \
      "Whoever has it cannot sign in to your account any more. Confirm it with another one of "    \
      "your passkeys.",                                                                            \
      "Wer ihn hat, kann sich nicht mehr bei Ihrem Konto anmelden. Bestätigen Sie das mit einem "  \
      "anderen Ihrer Passkeys.")                                                                   \
    X(OWN_REMOVE_BY, "Confirm with another passkey, and remove",                                   \
      "Mit anderem Passkey bestätigen und entfernen")                                              \
    X(OWN_LAST,                                                                                    \
      "It is your last passkey that can be used here. Without it you cannot get to this page, nor "\
      "sign in with a passkey in a browser.",                                                      \
      "Es ist Ihr letzter Passkey, der hier verwendet werden kann. Ohne ihn kommen Sie weder auf " \
      "diese Seite noch mit einem Passkey im Browser in Ihr Konto.")                               \
    /* number */                                                                                   \
    X(OWN_LAST_CODES,                                                                              \
      "You get in again by your password, where it is taken, or by one of your recovery codes "    \
      "(%s left), and make a new passkey there with passkey-enroll.",                              \
      "Wieder hinein kommen Sie mit Ihrem Passwort, wo es angenommen wird, oder mit einem Ihrer "  \
      "Wiederherstellungscodes (noch %s), und legen dort mit passkey-enroll einen neuen Passkey an.")\
    X(OWN_LAST_NO_CODES,                                                                           \
      "You have no recovery codes. You get in again by your password, where it is taken; "         \
      "otherwise only the administrator can let you in, with a ticket. It is safer to add another "\
      "passkey first.",                                                                            \
      "Sie haben keine Wiederherstellungscodes. Wieder hinein kommen Sie mit Ihrem Passwort, wo es "\
      "angenommen wird; sonst kann nur die Verwaltung Sie mit einem Ticket hineinlassen. Sicherer "\
      "ist es, zuerst einen weiteren Passkey hinzuzufügen.")                                       \
    X(OWN_LAST_SURE, "Remove it although it is my last one",                                       \
      "Entfernen, obwohl es mein letzter ist")                                                     \
    X(OWN_ADD, "Add a passkey", "Passkey hinzufügen")                                              \
    X(OWN_ADD_MORE,                                                                                \
      "In this browser, on your phone or on a security key. Your browser may ask for one of your " \
      "passkeys first.",                                                                           \
      "In diesem Browser, auf Ihrem Telefon oder auf einem Sicherheitsschlüssel. Ihr Browser fragt "\
      "vielleicht zuerst nach einem Ihrer Passkeys.")                                              \
    X(OWN_RENAMED, "The name was changed.", "Der Name wurde geändert.")                            \
    X(OWN_REMOVED, "The passkey was removed.", "Der Passkey wurde entfernt.")                      \
    X(OWN_ADDED, "The passkey was added.", "Der Passkey wurde hinzugefügt.")                       \
    X(OWN_REFUSED, "This passkey was not accepted. Nothing was changed.",                          \
      "Dieser Passkey wurde nicht angenommen. Es wurde nichts geändert.")                          \
    X(OWN_TAKEN, "Another of your passkeys has that name. Choose another one.",                    \
      "Ein anderer Ihrer Passkeys heißt schon so. Wählen Sie einen anderen Namen.")                \
    X(OWN_BAD_NAME, "A name has 1 to 64 bytes of text. Choose another one.",                       \
      "Ein Name hat 1 bis 64 Byte Text. Wählen Sie einen anderen.")                                \
    X(OWN_CHANGED, "Something has changed meanwhile. Load the page again, and look at it.",        \
      "Inzwischen hat sich etwas geändert. Laden Sie die Seite neu, und sehen Sie nach.")          \
    X(OWN_LIMIT,                                                                                   \
      "Not now: the account has as many passkeys as it may, or another request is under way. "     \
      "Try again in a few seconds.",                                                               \
      "Jetzt nicht: Das Konto hat so viele Passkeys, wie es darf, oder eine andere Anfrage läuft " \
      "noch. Versuchen Sie es in einigen Sekunden noch einmal.")                                   \
    /* account, host */                                                                            \
    X(OWN_DECISIONS_OF, "Sign-ins of %s on %s", "Anmeldungen von %s auf %s")                       \
    X(OWN_DECISIONS_MORE,                                                                          \
      "The last twenty at most. If one was not you, remove the passkey, and tell whoever looks "   \
      "after the computer.",                                                                       \
      "Höchstens die letzten zwanzig. Wenn Sie eine nicht waren, entfernen Sie den Passkey, und "  \
      "sagen Sie es dem Betreuer des Rechners.")                                                   \
    X(OWN_NO_DECISIONS, "There are none yet.", "Es gibt noch keine.")                              \
    /* in the place of a program's name */                                                         \
    X(OWN_HERE, "This page", "Diese Seite")                                                        \
    X(OWN_ACCEPTED, "Accepted", "Angenommen")                                                      \
    X(OWN_NOT_ACCEPTED, "Refused", "Abgelehnt")                                                    \
    X(OWN_ENROLLED, "Passkey added", "Passkey hinzugefügt")                                        \
    /* number */                                                                                   \
    X(OWN_TIMES, "%s times, the last one:", "%s-mal, zuletzt:")                                    \
    X(OWN_WHEN, "When", "Wann")                                                                    \
    X(OWN_BY, "With", "Mit")                                                                       \
    X(OWN_NO_SCRIPT,                                                                               \
      "JavaScript is blocked here, and a passkey cannot be used without it. Allow it for this "    \
      "page, or open it in another browser.",                                                      \
      "JavaScript ist hier blockiert, und ohne geht es mit einem Passkey nicht. Erlauben Sie es "  \
      "für diese Seite, oder öffnen Sie sie in einem anderen Browser.")
/* clang-format on */

#endif
