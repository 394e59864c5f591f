#include "front/front_words.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const tags[FL_FRONT_LANGUAGES] = {[FL_FRONT_EN] = "en", [FL_FRONT_KO] = "ko"};
static const char *const names[FL_FRONT_LANGUAGES] = {
    [FL_FRONT_EN] = "English", [FL_FRONT_KO] = "한국어"};

/* clang-format off */
static const struct fl_front_word words[] = {
    {"skip",               {"Skip to content",                "본문으로 바로가기"}},
    {"pages",              {"Your pages",                     "나의 페이지"}},
    {"language",           {"Language",                       "언어"}},
    {"optional",           {"optional",                       "선택 사항"}},
    {"error_title",        {"Error: ",                        "오류: "}},
    {"error_summary",      {"Please look at this again",      "다음 내용을 확인해 주세요"}},

    {"nav_message",        {"Message",                        "메시지"}},
    {"nav_inbox",          {"Inbox",                          "받은 메시지"}},
    {"nav_survey",         {"Survey",                         "설문"}},
    {"nav_preferences",    {"Preferences",                    "수신 설정"}},
    {"nav_contact",        {"Contact us",                     "문의하기"}},

    {"message_untitled",   {"A message for you",              "고객님께 드리는 메시지"}},
    {"message_survey",     {"Answer the survey",              "설문에 답하기"}},
    {"message_reply",      {"Write to us",                    "답장 쓰기"}},
    {"message_opt_out",    {"Stop messages like this",        "이런 메시지 그만 받기"}},
    {"message_text",       {"Message",                        "메시지 내용"}},

    {"inbox_title",        {"Your inbox",                     "받은 메시지함"}},
    {"inbox_intro",        {"Everything we have sent you, newest first.",
                            "저희가 보내 드린 모든 메시지를 최신순으로 모았습니다."}},
    {"inbox_empty",        {"There is nothing here yet.",     "아직 받은 메시지가 없습니다."}},
    {"inbox_newer",        {"Newer",                          "최근 메시지"}},
    {"inbox_older",        {"Older",                          "이전 메시지"}},
    {"inbox_pages",        {"Pages of the inbox",             "메시지함 페이지 이동"}},
    {"inbox_feed",         {"Follow as a feed",               "피드로 구독하기"}},
    {"inbox_this",         {"this message",                   "지금 보신 메시지"}},

    {"survey_title",       {"Survey",                         "설문"}},
    {"survey_intro",       {"Answer what you like and leave out the rest. You can come back to this "
                            "page later; what you have sent is kept.",
                            "답하고 싶은 문항에만 답하셔도 됩니다. 보내신 답은 저장되며, 나중에 이 "
                            "페이지에서 이어서 답하실 수 있습니다."}},
    {"survey_progress",    {"%1 of %2 questions answered",    "%2문항 중 %1문항에 답하셨습니다"}},
    {"survey_send",        {"Send answers",                   "답변 보내기"}},
    {"survey_several",     {"You may choose several.",        "여러 개를 고르실 수 있습니다."}},
    {"survey_words",       {"In your own words",              "자유롭게 적어 주세요"}},
    {"survey_nothing",     {"Answer at least one question",   "한 문항 이상 답해 주세요"}},
    {"survey_none",        {"There is no survey with this message.",
                            "이 메시지에는 설문이 없습니다."}},
    {"survey_least_nps",   {"Not at all likely",              "전혀 그렇지 않다"}},
    {"survey_most_nps",    {"Very likely",                    "매우 그렇다"}},
    {"thanks_title",       {"Thank you",                      "감사합니다"}},
    {"thanks_all",         {"Your answers have reached us. We read every one of them.",
                            "보내 주신 답변을 잘 받았습니다. 하나하나 소중히 읽겠습니다."}},
    {"thanks_some",        {"Your answers have reached us. If you like, go on with the rest now, or "
                            "come back later.",
                            "보내 주신 답변을 잘 받았습니다. 남은 문항은 지금 이어서, 또는 나중에 "
                            "답하실 수 있습니다."}},
    {"thanks_go_on",       {"Go on with the survey",          "설문 이어서 하기"}},
    {"thanks_change",      {"Look at your answers again",     "답변 다시 보기"}},

    {"prefs_title",        {"Your preferences",               "수신 설정"}},
    {"prefs_intro",        {"You decide what we send you, and how. A ticked box means: yes, please.",
                            "어떤 소식을 어떤 방법으로 받을지 직접 정하실 수 있습니다. 표시한 "
                            "항목만 보내 드립니다."}},
    {"prefs_none",         {"We have nothing that could be set here.",
                            "설정할 수 있는 항목이 없습니다."}},
    {"prefs_save",         {"Save preferences",               "설정 저장"}},
    {"prefs_stop_title",   {"Stop everything",                "모두 그만 받기"}},
    {"prefs_stop_text",    {"One press, and we send you nothing of the above any more, on any "
                            "channel.",
                            "한 번만 누르시면 위의 모든 소식을 어떤 방법으로도 보내지 않습니다."}},
    {"prefs_stop",         {"Stop everything",                "모두 그만 받기"}},
    {"prefs_saved",        {"Your preferences are saved and in force.",
                            "설정이 저장되어 바로 적용되었습니다."}},
    {"prefs_stopped",      {"Done. We will send you nothing of this any more.",
                            "처리되었습니다. 이제 아래의 소식을 보내지 않습니다."}},

    {"optout_title",       {"Stop these messages?",           "이 메시지를 그만 받으시겠습니까?"}},
    {"optout_text",        {"We will send you no more %1 by %2.",
                            "앞으로 ‘%1’ 메시지(%2)를 보내지 않습니다."}},
    {"optout_plain",       {"We will send you no more messages of this kind.",
                            "앞으로 이런 메시지를 보내지 않습니다."}},
    {"optout_button",      {"Yes, stop them",                 "네, 그만 받겠습니다"}},
    {"optout_free",        {"It is free and takes effect at once.",
                            "비용이 들지 않으며 바로 적용됩니다."}},
    {"optout_choose",      {"Choose one by one instead",      "항목별로 직접 고르기"}},
    {"optout_done_title",  {"You are unsubscribed",           "수신거부가 완료되었습니다"}},
    {"optout_done_text",   {"We will send you no more messages of this kind. You can change your mind "
                            "at any time.",
                            "앞으로 이런 메시지를 보내지 않습니다. 언제든지 다시 바꾸실 수 있습니다."}},
    {"optout_already",     {"You have already stopped these messages.",
                            "이미 수신을 거부하신 메시지입니다."}},

    {"contact_title",      {"Write to us",                    "문의하기"}},
    {"contact_intro",      {"A person reads this. Write as you like.",
                            "담당자가 직접 읽습니다. 편하게 적어 주세요."}},
    {"contact_words",      {"Your message",                   "내용"}},
    {"contact_reply_to",   {"Where we should answer",         "답변 받을 이메일"}},
    {"contact_reply_hint", {"An e-mail address, if it is another than the one we know.",
                            "저희가 알고 있는 주소와 다를 때만 적어 주세요."}},
    {"contact_send",       {"Send",                           "보내기"}},
    {"contact_empty",      {"Write a few words",              "내용을 입력해 주세요"}},
    {"contact_long",       {"Shorten your message",           "내용을 조금 줄여 주세요"}},
    {"contact_address",    {"Give an e-mail address like name@example.com",
                            "name@example.com 형식의 이메일 주소를 입력해 주세요"}},
    {"contact_done_title", {"Your message has reached us",    "메시지를 잘 받았습니다"}},
    {"contact_done_text",  {"Thank you for writing. We will get back to you.",
                            "보내 주셔서 감사합니다. 확인 후 답변드리겠습니다."}},

    {"go_back",            {"Back to the message",            "메시지로 돌아가기"}},
    {"go_preferences",     {"Your preferences",               "수신 설정 보기"}},

    {"e400_title",         {"We could not read this",         "요청을 읽을 수 없습니다"}},
    {"e400_text",          {"Something was wrong with the request. Please go back and try again.",
                            "요청에 문제가 있습니다. 뒤로 가서 다시 시도해 주세요."}},
    {"e403_title",         {"This form came from elsewhere",  "다른 곳에서 보낸 양식입니다"}},
    {"e403_text",          {"For your safety we only take forms from our own pages. Please open the "
                            "link in your message and try again.",
                            "안전을 위해 저희 페이지에서 보낸 양식만 받습니다. 메시지의 링크를 열어 "
                            "다시 시도해 주세요."}},
    {"e404_title",         {"There is nothing here",          "페이지를 찾을 수 없습니다"}},
    {"e404_text",          {"The link may be incomplete or no longer valid. Please open the link in "
                            "your message once more.",
                            "링크가 잘렸거나 더 이상 유효하지 않을 수 있습니다. 메시지의 링크를 다시 "
                            "열어 주세요."}},
    {"e405_title",         {"That does not work here",        "허용되지 않는 요청입니다"}},
    {"e405_text",          {"Please open the link in your message once more.",
                            "메시지의 링크를 다시 열어 주세요."}},
    {"e413_title",         {"That was too much at once",      "내용이 너무 깁니다"}},
    {"e413_text",          {"Please shorten what you wrote and send it again.",
                            "내용을 줄여서 다시 보내 주세요."}},
    {"e429_title",         {"A little too fast",              "요청이 너무 많습니다"}},
    {"e429_text",          {"Please wait a moment and try again.",
                            "잠시 기다렸다가 다시 시도해 주세요."}},
    {"e500_title",         {"Something went wrong here",      "문제가 생겼습니다"}},
    {"e500_text",          {"It is our fault, not yours. Please try again later.",
                            "저희 쪽 문제입니다. 잠시 뒤에 다시 시도해 주세요."}},
    {"e503_title",         {"We will be right back",          "잠시 점검 중입니다"}},
    {"e503_text",          {"Nothing is lost. Please try again in a moment.",
                            "잃어버린 것은 없습니다. 잠시 뒤에 다시 시도해 주세요."}},

    {"medium_email",       {"e-mail",                         "이메일"}},
    {"medium_sms",         {"text message",                   "문자 메시지"}},
    {"medium_fax",         {"fax",                            "팩스"}},
    {"medium_letter",      {"letter",                         "우편"}},
    {"medium_web",         {"inbox",                          "웹 메시지함"}},
    {"medium_push",        {"push message",                   "푸시 알림"}},
    {"medium_other",       {"other channel",                  "기타"}},
    {"purpose_marketing",  {"News and offers",                "소식과 혜택"}},
    {"purpose_newsletter", {"Newsletter",                     "소식지"}},
    {"purpose_service",    {"Service information",            "서비스 안내"}},
    {"purpose_survey",     {"Surveys",                        "설문"}},
    {"purpose_education",  {"Classes and courses",            "교육과 강좌"}},
    {"purpose_events",     {"Events",                         "행사"}},
    {NULL, {NULL, NULL}}
};
/* clang-format on */

const struct fl_front_word *fl_front_words(void)
{
    return words;
}

const char *fl_front_language_tag(enum fl_front_language language)
{
    return tags[language];
}

const char *fl_front_language_name(enum fl_front_language language)
{
    return names[language];
}

static bool language_of(const char *tag, size_t len, enum fl_front_language *out)
{
    for (int i = 0; i < FL_FRONT_LANGUAGES; i++)
        if (len >= 2 && strncasecmp(tag, tags[i], 2) == 0 &&
            (len == 2 || tag[2] == '-' || tag[2] == '_')) {
            *out = (enum fl_front_language)i;
            return true;
        }
    return false;
}

bool fl_front_language_of(const char *tag, enum fl_front_language *out)
{
    return tag && language_of(tag, strlen(tag), out);
}

/* Weight of one item in thousandths: 1000 without ";q=". */
static int weight_of(const char *item, size_t len)
{
    const char *q = memmem(item, len, "q=", 2);
    int weight = 0, unit = 100;

    if (!q)
        return 1000;
    q += 2;
    if (q < item + len && *q == '1')
        return 1000;
    for (q += 2; q < item + len && *q >= '0' && *q <= '9' && unit; q++, unit /= 10)
        weight += (*q - '0') * unit;
    return weight;
}

bool fl_front_language_accepted(const char *header, enum fl_front_language *out)
{
    enum fl_front_language language;
    int best = 0;

    while (*header) {
        size_t len, tag_len;

        header += strspn(header, " ,\t");
        len = strcspn(header, ",");
        tag_len = strcspn(header, ",; \t");
        if (language_of(header, tag_len, &language) && weight_of(header, len) > best) {
            best = weight_of(header, len);
            *out = language;
        }
        header += len;
    }
    return best > 0;
}

const char *fl_front_word_of(enum fl_front_language language, const char *key)
{
    for (const struct fl_front_word *word = words; word->key; word++)
        if (strcmp(word->key, key) == 0)
            return word->text[language];
    return NULL;
}
