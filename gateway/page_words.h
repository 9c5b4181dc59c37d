/* SPDX-License-Identifier: BSD-2-Clause */
/* What the pages say, in every language: one row a text. %s stands for what the row's comment says.
 */
#ifndef GATEWAY_PAGE_WORDS_H
#define GATEWAY_PAGE_WORDS_H

#include "gateway/own_words.h"

/* X(NAME, English, German) */
/* clang-format off */
#define PAGE_WORDS(X)                                                                              \
    X(LANGUAGE, "en", "de")                                                                        \
    /* account, host */                                                                            \
    X(SIGN_IN, "Sign in as %s on %s?", "Als %s auf %s anmelden?")                                  \
    X(APPROVE, "Let %s run this on %s?", "%s dies auf %s ausführen lassen?")                       \
    X(ENROLL, "Add a passkey for %s on %s?", "Einen Passkey für %s auf %s hinzufügen?")            \
    X(ENROLL_ASKED,                                                                                \
      "Whoever has the passkey that you make now can sign in to this account. Go on only if it "   \
      "is yours.",                                                                                 \
      "Wer den Passkey hat, den Sie jetzt anlegen, kann sich bei diesem Konto anmelden. Fahren "   \
      "Sie nur fort, wenn es Ihres ist.")                                                          \
    X(CREATE, "Make a passkey", "Passkey anlegen")                                                 \
    X(ASKED, "Somebody at a terminal asks for this. Go on only if it is you.",                     \
      "Jemand an einem Terminal bittet darum. Fahren Sie nur fort, wenn Sie es selbst sind.")      \
    X(ACCOUNT, "Account", "Konto")                                                                 \
    X(HOST, "Computer", "Rechner")                                                                 \
    X(PROGRAM, "Program", "Programm")                                                              \
    X(COMMAND, "Command", "Befehl")                                                                \
    X(TARGET, "Runs as", "Läuft als")                                                              \
    X(GROUP, "With the group", "Mit der Gruppe")                                                   \
    X(FOLDER, "In the folder", "Im Ordner")                                                        \
    X(ROOT, "Under the root", "Unter der Wurzel")                                                  \
    X(ENVIRONMENT, "With the variables", "Mit den Variablen")                                      \
    X(FILES, "Edits", "Bearbeitet")                                                                \
    X(DIGEST, "SHA-256 of all of it", "SHA-256 des Ganzen")                                        \
    X(DIALOG, "For the dialog of", "Für den Dialog von")                                           \
    X(ASKER, "Asked by", "Gefragt von")                                                            \
    X(FROM, "From", "Von")                                                                         \
    X(HERE, "a session on the computer itself", "einer Sitzung auf dem Rechner selbst")            \
    X(TERMINAL, "Terminal", "Terminal")                                                            \
    X(USE, "Continue with a passkey", "Mit Passkey fortfahren")                                    \
    X(NOT_ME, "This was not me", "Das war ich nicht")                                              \
    X(WORKING, "Follow what your browser asks…", "Folgen Sie den Hinweisen Ihres Browsers…")       \
    X(CANCELLED, "No passkey was used. You can try again.",                                        \
      "Es wurde kein Passkey verwendet. Sie können es noch einmal versuchen.")                     \
    X(THERE, "This device has a passkey for this account already.",                                \
      "Dieses Gerät hat schon einen Passkey für dieses Konto.")                                    \
    X(FAILED, "That did not work. Check the connection, and try again.",                           \
      "Das hat nicht geklappt. Prüfen Sie die Verbindung, und versuchen Sie es noch einmal.")      \
    X(CODE, "Type this code at your terminal", "Tippen Sie diesen Code in Ihr Terminal")           \
    /* host */                                                                                     \
    X(CODE_WHERE_HERE,                                                                             \
      "It belongs only into the terminal that you opened yourself, on the computer %s. "           \
      "Nobody else needs it: whoever asks you for it wants to get into your account.",             \
      "Er gehört nur in das Terminal, das Sie selbst geöffnet haben, auf dem Rechner %s. "         \
      "Niemand sonst braucht ihn: Wer Sie danach fragt, will in Ihr Konto.")                       \
    /* host, address */                                                                            \
    X(CODE_WHERE,                                                                                  \
      "It belongs only into the terminal that you opened yourself, on %s, from the address %s. "   \
      "Nobody else needs it: whoever asks you for it wants to get into your account.",             \
      "Er gehört nur in das Terminal, das Sie selbst geöffnet haben, auf %s, von der Adresse %s. " \
      "Niemand sonst braucht ihn: Wer Sie danach fragt, will in Ihr Konto.")                       \
    X(CODE_AFTER, "It is good once, for two minutes.", "Er gilt einmal, zwei Minuten lang.")       \
    X(REFUSED, "This passkey was not accepted", "Dieser Passkey wurde nicht angenommen")           \
    X(REFUSED_MORE,                                                                                \
      "The request at the terminal is over. Start again there; where it may, it says why.",        \
      "Die Anfrage am Terminal ist beendet. Beginnen Sie dort von vorn; wenn es erlaubt ist, "     \
      "steht dort auch der Grund.")                                                                \
    X(DISOWNED, "The request was refused", "Die Anfrage wurde abgelehnt")                          \
    X(DISOWNED_MORE,                                                                               \
      "Nobody gets in by it, and the computer's log says so. If you did not open this link "       \
      "yourself, tell whoever looks after the computer where it came from.",                       \
      "Damit kommt niemand hinein, und es steht im Protokoll des Rechners. Wenn Sie den Link "     \
      "nicht selbst geöffnet haben, sagen Sie dem Betreuer des Rechners, woher er kam.")           \
    X(OVER, "This link is of no use any more", "Dieser Link gilt nicht mehr")                      \
    X(OVER_MORE,                                                                                   \
      "A link is good for two minutes, once, in one browser. Start again at your terminal, and "   \
      "open "                                                                                      \
      "the new one.",                                                                              \
      "Ein Link gilt zwei Minuten lang, einmal, in einem Browser. Beginnen Sie an Ihrem Terminal " \
      "von vorn, und öffnen Sie den neuen.")                                                       \
    X(UNSUPPORTED, "This browser cannot use passkeys",                                             \
      "Dieser Browser kann keine Passkeys nutzen")                                                 \
    X(UNSUPPORTED_MORE, "Open the link in a current browser, on this device or another.",          \
      "Öffnen Sie den Link in einem aktuellen Browser, auf diesem oder einem anderen Gerät.")      \
    X(NO_SCRIPT,                                                                                   \
      "JavaScript is blocked here, and a passkey cannot be used without it. Allow it for this "    \
      "page, or open the link in another browser.",                                                \
      "JavaScript ist hier blockiert, und ohne geht es mit einem Passkey nicht. Erlauben Sie es "  \
      "für diese Seite, oder öffnen Sie den Link in einem anderen Browser.")                       \
    X(TICKET, "Make a passkey", "Passkey anlegen")                                                 \
    X(UNTIL, "Good until", "Gilt bis")                                                             \
    X(NOT_MADE, "No passkey was made. You can try again.",                                         \
      "Es wurde kein Passkey angelegt. Sie können es noch einmal versuchen.")                      \
    X(MADE_REFUSED,                                                                                \
      "The computer does not accept this kind of passkey. Try another device or browser; the "     \
      "link is still good.",                                                                       \
      "Der Rechner nimmt diese Art von Passkey nicht an. Versuchen Sie es mit einem anderen Gerät "\
      "oder Browser; der Link gilt noch.")                                                         \
    X(MADE_FAILED,                                                                                 \
      "That did not work. Try again; if it does not work then either, "                            \
      "tell whoever gave you the link.",                                                           \
      "Das hat nicht geklappt. Versuchen Sie es noch einmal; wenn es dann "                        \
      "auch nicht geht, sagen Sie es der Person, von der Sie den Link haben.")                     \
    /* account, host */                                                                            \
    X(MADE, "You can sign in as %s on %s now", "Sie können sich jetzt als %s auf %s anmelden")     \
    /* name */                                                                                     \
    X(MADE_NAME, "The computer has your passkey under the name “%s”.",                             \
      "Der Rechner führt Ihren Passkey unter dem Namen „%s“.")                                     \
    /* provider */                                                                                 \
    X(MADE_PROVIDER, "It is kept by %s.", "Er liegt bei %s.")                                      \
    /* host, account */                                                                            \
    X(MADE_NEXT, "Try it: open a terminal on %s as %s, and run",                                   \
      "Probieren Sie ihn aus: Öffnen Sie auf %s ein Terminal als %s, und starten Sie")             \
    X(MADE_AFTER, "The link is used up. You can close this page.",                                 \
      "Der Link ist verbraucht. Sie können diese Seite schließen.")                                \
    X(AGAIN, "Try again", "Noch einmal versuchen")                                                 \
    X(TICKET_OVER, "This link is of no use", "Dieser Link gilt nicht")                             \
    X(TICKET_OVER_MORE,                                                                            \
      "It has been used, its time is over, or it was not copied whole. Ask whoever gave it to you "\
      "for a new one. If you have not used it yourself, tell them so: somebody else may have.",    \
      "Er ist verbraucht, abgelaufen oder nicht vollständig kopiert. Bitten Sie die Person, von "  \
      "der Sie ihn haben, um einen neuen. Wenn Sie ihn nicht selbst benutzt haben, sagen Sie ihr " \
      "auch das: Vielleicht hat es jemand anders getan.")                                          \
    X(TICKET_LOST, "Your passkey may be good already",                                             \
      "Ihr Passkey gilt vielleicht schon")                                                         \
    X(TICKET_LOST_MORE,                                                                            \
      "The link is used up, and the computer's reply to your first try was lost. Sign in with the "\
      "passkey, or ask whoever gave you the link whether it was made.",                            \
      "Der Link ist verbraucht, und die Antwort des Rechners auf Ihren ersten Versuch ging "       \
      "verloren. Melden Sie sich mit dem Passkey an, oder fragen Sie die Person, von der Sie den " \
      "Link haben, ob er angelegt wurde.")                                                         \
    X(INCOMPLETE, "Open the link once more", "Öffnen Sie den Link noch einmal")                    \
    X(INCOMPLETE_MORE,                                                                             \
      "This page has only a part of it: open it as you were given it, whole. After a reload, too, "\
      "it has to be opened once more.",                                                            \
      "Diese Seite hat nur einen Teil davon: Öffnen Sie ihn so, wie Sie ihn bekommen haben, "      \
      "vollständig. Auch nach dem Neuladen muss er noch einmal geöffnet werden.")                  \
    X(UNAVAILABLE, "This is not possible at the moment", "Das ist im Augenblick nicht möglich")    \
    X(UNAVAILABLE_MORE, "passkeyd cannot be reached. Try again in a moment.",                      \
      "passkeyd ist nicht erreichbar. Versuchen Sie es gleich noch einmal.")                       \
    X(BUSY, "Too many requests", "Zu viele Anfragen")                                              \
    X(BUSY_MORE, "Wait a few seconds, and try again.",                                             \
      "Warten Sie einige Sekunden, und versuchen Sie es noch einmal.")                             \
    X(NOTHING, "There is no such page", "Diese Seite gibt es nicht")                               \
    X(NOTHING_MORE, "Check the link: it has to be copied whole.",                                  \
      "Prüfen Sie den Link: Er muss vollständig kopiert sein.")                                    \
    X(WRONG, "This request cannot be understood", "Diese Anfrage ist nicht zu verstehen")          \
    X(WRONG_MORE, "Open the link from your terminal again.",                                       \
      "Öffnen Sie den Link aus Ihrem Terminal noch einmal.")                                       \
    /* of a page that is a file (gateway/pages/paste.html) */                                      \
    X(PASTE_FAILED, "That did not work. You can try again.",                                       \
      "Das hat nicht geklappt. Sie können es noch einmal versuchen.")                              \
    X(PASTE_ANSWER, "Paste this answer into your terminal",                                        \
      "Fügen Sie diese Antwort in Ihr Terminal ein")                                               \
    X(PASTE_ANSWERS, "Paste these lines into your terminal, one after the other",                  \
      "Fügen Sie diese Zeilen nacheinander in Ihr Terminal ein")                                   \
    /* host */                                                                                     \
    X(PASTE_WHERE_HERE,                                                                            \
      "It belongs only into the terminal that you opened yourself, on the computer %s. "           \
      "Nobody else needs it: whoever asks you for it wants to get into your account.",             \
      "Das gehört nur in das Terminal, das Sie selbst geöffnet haben, auf dem Rechner %s. "        \
      "Niemand sonst braucht es: Wer Sie danach fragt, will in Ihr Konto.")                        \
    /* host, address */                                                                            \
    X(PASTE_WHERE,                                                                                 \
      "It belongs only into the terminal that you opened yourself, on %s, from the address %s. "   \
      "Nobody else needs it: whoever asks you for it wants to get into your account.",             \
      "Das gehört nur in das Terminal, das Sie selbst geöffnet haben, auf %s, von der Adresse %s. "\
      "Niemand sonst braucht es: Wer Sie danach fragt, will in Ihr Konto.")                        \
    X(PASTE_COPY, "Copy", "Kopieren")                                                              \
    /* number, number of all */                                                                    \
    X(PASTE_COPY_LINE, "Copy line %s of %s", "Zeile %s von %s kopieren")                           \
    X(PASTE_COPIED, "Copied. Paste it into your terminal, and press Enter.",                       \
      "Kopiert. Fügen Sie es in Ihr Terminal ein, und drücken Sie Enter.")                         \
    X(PASTE_BY_HAND, "Your browser does not copy it: select the text above, and copy it yourself.",\
      "Ihr Browser kopiert es nicht: Wählen Sie den Text oben aus, und kopieren Sie ihn selbst.")  \
    X(PASTE_AFTER, "It is good once, as long as the terminal waits for it.",                       \
      "Das gilt einmal, solange das Terminal darauf wartet.")                                      \
    X(PASTE_DISOWNED, "Close this page", "Schließen Sie diese Seite")                              \
    X(PASTE_DISOWNED_MORE,                                                                         \
      "Nothing was sent, and nobody gets in by it. If you have copied an answer, give it to "      \
      "nobody. If you did not open the link from a terminal of your own, tell whoever looks after "\
      "the computer where it came from.",                                                          \
      "Es wurde nichts gesendet, und niemand kommt damit hinein. Wenn Sie eine Antwort kopiert "   \
      "haben, geben Sie sie niemandem. Wenn der Link nicht aus Ihrem eigenen Terminal war, sagen " \
      "Sie dem Betreuer des Rechners, woher er kam.")                                              \
    X(PASTE_OVER_MORE,                                                                             \
      "The terminal does not wait for it any more. Start again there, and open the new link.",     \
      "Das Terminal wartet nicht mehr darauf. Beginnen Sie dort von vorn, und öffnen Sie den neuen.")\
    X(PASTE_ANSWERED, "You have dealt with this link already",                                     \
      "Diesen Link haben Sie schon bearbeitet")                                                    \
    X(PASTE_ANSWERED_MORE,                                                                         \
      "It was answered or refused in this browser. If your terminal still waits, start again "     \
      "there, and open the new link.",                                                             \
      "Er wurde in diesem Browser beantwortet oder abgelehnt. Wenn Ihr Terminal noch wartet, "     \
      "beginnen Sie dort von vorn, und öffnen Sie den neuen.")                                     \
    X(PASTE_BROKEN, "This link is not complete", "Dieser Link ist nicht vollständig")              \
    X(PASTE_BROKEN_MORE,                                                                           \
      "It has to be copied whole, with all that is behind the #, also where the terminal shows it "\
      "in several lines. Copy it again.",                                                          \
      "Er muss ganz kopiert sein, mit allem hinter dem #, auch wo ihn das Terminal in mehreren "   \
      "Zeilen zeigt. Kopieren Sie ihn noch einmal.")                                               \
    X(PASTE_FOREIGN, "This page does not answer this link",                                        \
      "Diese Seite beantwortet diesen Link nicht")                                                 \
    /* host name of the page */                                                                    \
    X(PASTE_FOREIGN_MORE,                                                                          \
      "What it asks for is not for the page at %s. Start again at your terminal, and open the link "\
      "that it shows.",                                                                            \
      "Was er verlangt, ist nicht für die Seite auf %s. Beginnen Sie an Ihrem Terminal von vorn, " \
      "und öffnen Sie den Link, den es zeigt.")                                                    \
    X(PASTE_NONE, "There is nothing to answer here", "Hier gibt es nichts zu beantworten")         \
    X(PASTE_NONE_MORE,                                                                             \
      "This page answers the links that sudo, ssh and other programs show in a terminal. Open one "\
      "of those.",                                                                                 \
      "Diese Seite beantwortet die Links, die sudo, ssh und andere Programme in einem Terminal "   \
      "zeigen. Öffnen Sie einen davon.")                                                           \
    X(PASTE_FRAMED, "This page is inside of another", "Diese Seite steckt in einer anderen")       \
    X(PASTE_FRAMED_MORE,                                                                           \
      "It asks for nothing there, because that one could hide what you agree to. Open the link in "\
      "a tab of its own.",                                                                         \
      "Dort fragt sie nach nichts, denn die andere könnte verdecken, wozu Sie ja sagen. Öffnen Sie "\
      "den Link in einem eigenen Tab.")                                                            \
    X(PASTE_UNSUPPORTED_MORE,                                                                      \
      "Open the link in a current browser, over https.",                                           \
      "Öffnen Sie den Link in einem aktuellen Browser, über https.")                               \
    /* relying party id */                                                                         \
    X(FOOTER, "Passkeys for %s", "Passkeys für %s")
/* clang-format on */

enum page_word {
#define PAGE_WORD_ENUM(name, en, de) WORD_##name,
    PAGE_WORDS(PAGE_WORD_ENUM) OWN_WORDS(PAGE_WORD_ENUM)
#undef PAGE_WORD_ENUM
        WORD_COUNT
};

enum page_language { PAGE_ENGLISH, PAGE_GERMAN, PAGE_LANGUAGES };

/* Of the header Accept-Language (RFC 9110 section 12.5.4), which may be NULL. */
enum page_language page_language(const char *accepted);

/* Static. */
const char *page_word(enum page_language language, enum page_word word);

#endif
