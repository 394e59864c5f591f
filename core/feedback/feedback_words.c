/*
 * What mail programs and people write in each language: one table a language.  To teach the room a
 * language, add a table and name it at the end; nothing else changes.
 */
#include "feedback/feedback_private.h"

#define WORDS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static const struct fl_feedback_words korean = {
    .language = "ko",
    .said_verbs =
        WORDS("님이 작성", "님이 쓴 글", "님이 썼습니다", "님이 씀", "님께서 작성", "님께서 보내신",
              "님이 보낸", "님이 쓰셨습니다", "작성:", "작성 :", "쓴 메시지", "님의 메시지"),
    .separators =
        WORDS("원본 메시지", "원본메시지", "원본 메일", "원본메일", "원본 이메일", "원본 내용",
              "원문", "원본", "전달된 메시지", "전달된 메일", "전달한 메시지", "받은 메시지",
              "받은 메일", "전달된 메시지 시작:", "받은 메일 원문"),
    .headers = WORDS("보낸 사람", "보낸사람", "보낸 이", "보낸이", "발신", "발신자", "발신인",
                     "보낸 날짜", "보낸날짜", "보낸 시간", "보낸시간", "받은 날짜", "받은날짜",
                     "날짜", "일시", "받는 사람", "받는사람", "받는 이", "받는이", "받은 사람",
                     "수신", "수신자", "수신인", "참조", "제목", "메일 제목"),
    .footers =
        WORDS("나의 iPhone에서 보냄", "나의 iPad에서 보냄", "내 iPhone에서 보냄",
              "나의 Galaxy에서 보냄", "내 Galaxy에서 보", "나의 갤럭시에서 보", "Galaxy에서 보",
              "삼성 Galaxy", "삼성 갤럭시", "Android용 Outlook", "iOS용 Outlook", "Windows용 메일",
              "Mac용 Outlook", "Outlook for", "네이버 메일 앱", "네이버 메일앱", "Naver 메일",
              "다음메일 앱", "Daum 메일", "카카오메일", "스마트폰에서 보"),
    .footer_ends = WORDS("에서 보냄", "에서 보냈습니다", "에서 보냈습니다.", "에서 보낸 메일입니다",
                         "에서 보낸 메일입니다.", "에서 보낸 이메일", "에서 발송된 메일입니다."),
    .name_ends = WORDS(" 드림", " 올림", " 배상", " 드림.", " 올림.", " 배상."),
    .legal_starts = WORDS("본 메일은 지정된", "본 메일에는", "이 메일은 지정된", "본 이메일은",
                          "이 이메일은", "본 전자우편은", "이 전자우편은", "본 메일 및 첨부"),
    .auto_subjects =
        WORDS("자동 응답", "자동응답", "자동 회신", "자동회신", "자동 답장", "[자동응답]",
              "[자동회신]", "[자동 회신]", "[자동 응답]", "부재중", "부재 중", "[부재중]",
              "[부재 중]", "휴가중", "휴가 중", "[휴가", "부재 알림", "출장중", "출장 중"),
    .bounce_subjects =
        WORDS("배달 실패", "배달되지 않음", "배달되지 못", "메일 전송 실패", "전송 실패",
              "메일 발송 실패", "발송 실패", "반송", "[반송", "수신 거부된 메일", "배달 상태 알림",
              "전달되지 않음", "메일 반송", "메일 전달 실패"),
    .opt_out_words = WORDS(
        "수신거부", "수신 거부", "수신거부요", "수신거부합니다", "수신거부 합니다",
        "수신거부해주세요", "수신거부 해주세요", "수신거부요청", "수신거부 요청", "거부",
        "구독취소", "구독 취소", "구독해지", "구독 해지", "해지", "그만", "중단", "보내지 마세요",
        "보내지마세요", "그만보내세요", "그만 보내세요", "그만 보내", "보내지마", "광고거부",
        "광고 거부", "탈퇴", "삭제해주세요", "그만좀 보내세요", "그만 좀 보내세요"),
    .opt_out_phrases =
        WORDS("수신거부", "수신 거부", "그만 보내", "그만보내", "그만 좀 보내", "그만좀 보내",
              "보내지 마", "보내지마", "보내지 말아", "보내지말아", "구독 취소", "구독취소",
              "구독 해지", "구독해지", "받고 싶지 않", "받고싶지 않", "메일 중단", "문자 중단",
              "그만 받고", "안 받고 싶", "발송 중단", "수신을 원하지 않", "수신을 원치 않",
              "메일을 원하지 않", "명단에서 빼"),
    .opt_in_phrases = WORDS("거부 해제", "거부해제", "거부 철회", "거부철회", "거부 취소",
                            "거부취소", "재수신", "다시 받"),
};

static const struct fl_feedback_words english = {
    .language = "en",
    .said_starts = WORDS("On "),
    .said_verbs = WORDS("wrote", "sent:", "said:", "writes:"),
    .separators =
        WORDS("Original Message", "Original Email", "Original E-mail", "Reply message",
              "Forwarded message", "Forwarded Message", "Original Appointment",
              "Begin forwarded message:", "Reply Message", "Message from", "Replied Message"),
    .headers = WORDS("From", "Sent", "Date", "To", "Cc", "Bcc", "Subject", "Reply-To", "Importance",
                     "Sent on", "Received"),
    .footers = WORDS("Sent from my", "Sent from Mail for", "Sent from Outlook", "Sent from Yahoo",
                     "Sent from TypeApp", "Sent from Samsung", "Sent from Gmail",
                     "Sent from BlueMail", "Sent from Proton", "Sent from the", "Sent from myMail",
                     "Sent from Spark", "Sent from Windows", "Sent via", "Sent with",
                     "Get Outlook for", "Get BlueMail for", "Sent by", "Envoyé de", "Typed on my"),
    .sign_offs =
        WORDS("Regards", "Best regards", "Kind regards", "Warm regards", "Best", "Best wishes",
              "Thanks", "Thank you", "Many thanks", "Thanks and regards", "Thanks & regards",
              "Thanks in advance", "Cheers", "Sincerely", "Yours sincerely", "Yours truly",
              "Yours faithfully", "Yours", "Sincerely yours", "Respectfully", "Cordially", "Br",
              "With best regards", "With kind regards"),
    .legal_starts =
        WORDS("This e-mail and any", "This email and any", "This message and any",
              "CONFIDENTIALITY NOTICE", "CONFIDENTIAL:", "This e-mail is confidential",
              "This email is confidential", "This message is confidential",
              "The information contained in this", "The information in this e",
              "This communication is confidential", "This message contains confidential",
              "This e-mail message is", "This email message is",
              "DISCLAIMER:", "Please consider the environment"),
    .auto_subjects =
        WORDS("automatic reply", "auto reply", "auto-reply", "autoreply", "auto response",
              "auto-response", "autoresponse", "automated reply", "automated response",
              "automatic response", "out of office", "out-of-office", "out of the office",
              "ooo:", "vacation", "on vacation", "away from", "i am out of", "i'm out of",
              "auto:", "[auto-reply]", "[auto reply]", "[autoreply]"),
    .bounce_subjects = WORDS(
        "undeliverable", "undelivered", "delivery status notification", "delivery failure",
        "delivery failed", "mail delivery failed", "mail delivery failure", "failure notice",
        "returned mail", "mail system error", "delivery notification", "delivery report",
        "mail could not be delivered", "message status - undeliverable", "undeliverable mail",
        "nondeliverable", "non-deliverable", "non delivery", "nondelivery",
        "warning: could not send", "warning: message", "delivery delayed", "delayed mail",
        "mail delivery problem", "rejected mail", "returning message to sender", "mail failure",
        "message you sent blocked", "email delivery failure", "failure delivery",
        "your message was not delivered", "your message could not", "unable to deliver",
        "mail delivery warning", "mail delivery error", "delivery error", "returned to sender",
        "returned email", "message delivery failure", "mail returned", "dsn:", "unzustellbar",
        "user unknown", "permanent delivery failure", "email rejected", "message not delivered",
        "error sending message", "message could not be delivered"),
    .opt_out_words =
        WORDS("stop", "stop.", "stop!", "stop all", "stopall", "unsubscribe", "unsubscribe.",
              "unsubscribe me", "unsubscribe me.", "please unsubscribe", "please unsubscribe me",
              "remove", "remove me", "opt out", "opt-out", "optout", "cancel", "end", "quit",
              "take me off", "please stop", "please remove me", "leave me alone"),
    .opt_out_phrases = WORDS(
        "unsubscribe", "stop sending", "stop emailing", "stop mailing", "stop texting",
        "stop messaging", "remove me from", "take me off", "opt out of", "opt me out",
        "don't send me", "do not send me", "don't email me", "do not email me", "do not contact me",
        "don't contact me", "no longer wish to receive", "no more emails", "no more mail"),
    .opt_in_phrases = WORDS("unstop", "resubscribe", "re-subscribe", "don't unsubscribe",
                            "do not unsubscribe", "not unsubscribe"),
    .stop_words =
        WORDS("the", "and", "you", "your", "is", "are", "was", "it", "i", "my", "me", "we", "this",
              "that", "have", "not", "for", "with", "please", "thanks", "hi", "hello", "of", "to"),
};

static const struct fl_feedback_words german = {
    .language = "de",
    .said_starts = WORDS("Am "),
    .said_verbs = WORDS("schrieb"),
    .separators = WORDS("Ursprüngliche Nachricht", "Originalnachricht", "Original-Nachricht",
                        "Weitergeleitete Nachricht", "Ursprüngliche Mail"),
    .headers = WORDS("Von", "Gesendet", "Datum", "An", "Kopie", "Betreff", "Gesendet am"),
    .footers = WORDS("Von meinem iPhone gesendet", "Von meinem iPad gesendet", "Gesendet von",
                     "Diese Nachricht wurde von meinem", "Outlook für"),
    .sign_offs = WORDS("Mit freundlichen Grüßen", "Mit freundlichem Gruß", "Viele Grüße",
                       "Beste Grüße", "Freundliche Grüße", "Liebe Grüße", "MfG", "LG", "Gruß"),
    .auto_subjects = WORDS("automatische antwort", "abwesenheit", "abwesend", "abwesenheitsnotiz"),
    .bounce_subjects = WORDS("unzustellbar", "zustellung fehlgeschlagen"),
    .opt_out_words = WORDS("abmelden", "abbestellen", "stopp", "austragen"),
    .opt_out_phrases = WORDS("newsletter abbestellen", "abmelden"),
    .stop_words = WORDS("der", "die", "das", "und", "ich", "nicht", "ist", "ein", "eine", "mit",
                        "wir", "bitte", "danke", "für", "auf"),
};

static const struct fl_feedback_words french = {
    .language = "fr",
    .said_starts = WORDS("Le "),
    .said_verbs = WORDS("a écrit"),
    .separators = WORDS("Message d'origine", "Message original", "Message transféré",
                        "Message initial", "Message d’origine"),
    .headers = WORDS("De", "Envoyé", "Envoyé le", "Date", "À", "A", "Cc", "Objet", "Envoyé par",
                     "Message du", "Copie à", "Sujet"),
    .footers = WORDS("Envoyé de mon", "Envoyé depuis mon", "Envoyé à partir de",
                     "Télécharger Outlook", "Obtenir Outlook"),
    .sign_offs = WORDS("Cordialement", "Bien cordialement", "Bien à vous", "Salutations"),
    .auto_subjects = WORDS("réponse automatique", "absence du bureau", "absent", "absence"),
    .bounce_subjects = WORDS("non remis", "échec de la remise", "message non distribué"),
    .opt_out_words = WORDS("désabonner", "désinscription", "désinscrire", "désabonnement"),
    .opt_out_phrases = WORDS("me désabonner", "me désinscrire"),
    .stop_words = WORDS("le", "la", "les", "et", "je", "vous", "pas", "est", "un", "une", "pour",
                        "merci", "bonjour", "que", "avec"),
};

static const struct fl_feedback_words spanish = {
    .language = "es",
    .said_starts = WORDS("El "),
    .said_verbs = WORDS("escribió", "escribio"),
    .separators = WORDS("Mensaje original", "Mensaje reenviado"),
    .headers = WORDS("De", "Enviado", "Enviado el", "Fecha", "Para", "CC", "Asunto"),
    .footers = WORDS("Enviado desde mi", "Enviado desde", "Obtener Outlook"),
    .sign_offs = WORDS("Saludos", "Un saludo", "Saludos cordiales", "Atentamente"),
    .auto_subjects = WORDS("respuesta automática", "fuera de la oficina"),
    .opt_out_words = WORDS("darme de baja", "baja", "cancelar suscripción"),
    .opt_out_phrases = WORDS("darme de baja"),
    .stop_words = WORDS("el", "la", "los", "y", "yo", "no", "es", "un", "una", "por", "para",
                        "gracias", "hola", "que", "con"),
};

static const struct fl_feedback_words portuguese = {
    .language = "pt",
    .said_starts = WORDS("Em ", "A "),
    .said_verbs = WORDS("escreveu"),
    .separators = WORDS("Mensagem original", "Mensagem encaminhada"),
    .headers = WORDS("De", "Enviado", "Enviada em", "Data", "Para", "Assunto"),
    .footers = WORDS("Enviado do meu", "Obter o Outlook"),
    .auto_subjects = WORDS("resposta automática"),
    .stop_words = WORDS("o", "os", "e", "eu", "não", "é", "um", "uma", "por", "para", "obrigado",
                        "olá", "que", "com", "você"),
};

static const struct fl_feedback_words italian = {
    .language = "it",
    .said_starts = WORDS("Il ", "In data "),
    .said_verbs = WORDS("ha scritto"),
    .separators = WORDS("Messaggio originale", "Messaggio inoltrato"),
    .headers = WORDS("Da", "Inviato", "Data", "A", "Oggetto"),
    .footers = WORDS("Inviato da", "Inviato dal mio", "Scarica Outlook"),
    .sign_offs = WORDS("Cordiali saluti", "Distinti saluti", "Saluti"),
    .auto_subjects = WORDS("risposta automatica", "fuori sede"),
    .stop_words = WORDS("il", "lo", "gli", "e", "io", "non", "è", "un", "una", "per", "grazie",
                        "ciao", "che", "con", "sono"),
};

static const struct fl_feedback_words dutch = {
    .language = "nl",
    .said_starts = WORDS("Op "),
    .said_verbs = WORDS("schreef", "het volgende geschreven"),
    .separators = WORDS("Oorspronkelijk bericht", "Doorgestuurd bericht", "Origineel bericht"),
    .headers = WORDS("Van", "Verzonden", "Datum", "Aan", "Onderwerp"),
    .footers = WORDS("Verstuurd vanaf mijn", "Verzonden vanaf mijn", "Verstuurd vanuit"),
    .sign_offs = WORDS("Met vriendelijke groet", "Met vriendelijke groeten", "Groeten", "Mvg"),
    .auto_subjects = WORDS("automatisch antwoord", "afwezig"),
    .stop_words = WORDS("de", "het", "een", "en", "ik", "niet", "is", "voor", "met", "dank",
                        "hallo", "dat", "van"),
};

static const struct fl_feedback_words nordic = {
    .language = "sv",
    .said_starts = WORDS("Den ", "På "),
    .said_verbs = WORDS("skrev"),
    .separators = WORDS("Ursprungligt meddelande", "Opprinnelig melding", "Oprindelig meddelelse",
                        "Vidarebefordrat meddelande"),
    .headers =
        WORDS("Från", "Skickat", "Till", "Ämne", "Fra", "Sendt", "Til", "Emne", "Dato", "Datum"),
    .footers = WORDS("Skickat från min", "Sendt fra min", "Sendt fra"),
    .sign_offs = WORDS("Med vänliga hälsningar", "Vänliga hälsningar", "Med venlig hilsen", "Mvh"),
    .auto_subjects = WORDS("autosvar", "automatiskt svar", "automatisk svar"),
    .stop_words = WORDS("och", "jag", "inte", "är", "att", "det", "som", "för", "tack", "hej"),
};

static const struct fl_feedback_words polish = {
    .language = "pl",
    .said_starts =
        WORDS("W dniu", "Dnia", "dnia", "pon.", "wt.", "śr.", "czw.", "pt.", "sob.", "niedz."),
    .said_verbs = WORDS("napisał", "pisze:"),
    .separators = WORDS("Wiadomość oryginalna", "Oryginalna wiadomość", "Wiadomość przekazana"),
    .headers = WORDS("Od", "Wysłano", "Data", "Do", "DW", "Temat"),
    .footers = WORDS("Wysłane z", "Wysłano z"),
    .sign_offs = WORDS("Pozdrawiam", "Z poważaniem"),
    .auto_subjects = WORDS("automatyczna odpowiedź"),
    .stop_words = WORDS("nie", "jest", "się", "na", "że", "do", "proszę", "dziękuję", "dzień"),
};

static const struct fl_feedback_words russian = {
    .language = "ru",
    .said_verbs = WORDS("пишет", "написал", "писал"),
    .separators = WORDS("Исходное сообщение", "Пересылаемое сообщение", "Пересланное сообщение"),
    .headers = WORDS("От", "От кого", "Отправлено", "Дата", "Кому", "Тема"),
    .footers = WORDS("Отправлено с", "Отправлено из"),
    .sign_offs = WORDS("С уважением"),
    .auto_subjects = WORDS("автоматический ответ", "автоответ"),
};

static const struct fl_feedback_words vietnamese = {
    .language = "vi",
    .said_starts = WORDS("Vào "),
    .said_verbs = WORDS("đã viết"),
    .headers = WORDS("Từ", "Gửi", "Ngày", "Đến", "Chủ đề"),
    .footers = WORDS("Đã gửi từ iPhone", "Được gửi từ"),
};

static const struct fl_feedback_words japanese = {
    .language = "ja",
    .said_verbs = WORDS("のメール", "が書きました", "のメッセージ", "wrote"),
    .separators =
        WORDS("元のメッセージ", "転送メッセージ", "転送されたメッセージ", "Original Message"),
    .headers = WORDS("差出人", "送信者", "送信日時", "日時", "日付", "宛先", "件名"),
    .footers = WORDS("iPhoneから送信", "iPadから送信", "Androidから送信"),
    .auto_subjects = WORDS("自動応答", "自動返信", "不在", "【自動返信】"),
    .bounce_subjects = WORDS("配信不能", "配信できません", "配信失敗"),
    .opt_out_words = WORDS("配信停止", "解除"),
    .opt_out_phrases = WORDS("配信停止", "配信を停止"),
};

static const struct fl_feedback_words chinese = {
    .language = "zh",
    .said_verbs = WORDS("写道", "寫道"),
    .separators = WORDS("原始邮件", "原邮件", "原始郵件", "转发的邮件", "轉寄的郵件"),
    .headers = WORDS("发件人", "寄件者", "寄件人", "发送时间", "傳送時間", "寄件日期", "日期",
                     "收件人", "收件者", "主题", "主旨", "主題", "抄送"),
    .footers = WORDS("发自我的", "從我的", "来自"),
    .auto_subjects = WORDS("自动回复", "自動回覆", "自动答复"),
    .bounce_subjects = WORDS("退信", "系统退信", "邮件投递失败", "无法投递"),
    .opt_out_words = WORDS("退订", "退訂", "取消订阅"),
    .opt_out_phrases = WORDS("退订", "取消订阅"),
};

const struct fl_feedback_words *const fl_feedback_languages[] = {
    &korean, &english, &german,  &french,     &spanish,  &portuguese, &italian, &dutch,
    &nordic, &polish,  &russian, &vietnamese, &japanese, &chinese,    NULL,
};
