#include "people/people_sample_private.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* What customers of a dairy write, by what they want. */
static const char *const korean[][10] = {
    [FL_SAMPLE_COMPLAINT] =
        {"어제 배달된 우유가 상해 있었어요. 뚜껑을 여니 신 냄새가 나서 전부 버렸습니다.",
         "이번 주에만 두 번이나 배달이 늦었습니다. 아침 7시 전에 온다고 하셨잖아요. 정말 "
         "실망입니다.",
         "요거트 포장이 터진 채로 왔습니다. 가방이 다 젖었어요. 교환이나 환불 부탁드립니다.",
         "고객센터에 세 번 전화했는데 아무도 받지 않네요. 이런 식이면 계약을 해지하겠습니다.",
         "유통기한이 하루밖에 남지 않은 제품이 왔습니다. 어린아이가 먹는 건데 너무하네요.",
         "결제가 두 번 됐습니다. 카드 내역 확인하고 빨리 환불해 주세요. 기분이 몹시 나쁩니다.",
         "엄마교실 예약을 했는데 가 보니 명단에 없다고 하더군요. 임신한 몸으로 헛걸음했습니다.",
         "주문한 락토프리 대신 일반 우유가 왔어요. 벌써 두 번째입니다. 확인 좀 제대로 해 주세요."},
    [FL_SAMPLE_QUESTION] =
        {"다음 주에 휴가를 가는데 그 동안 배달을 멈출 수 있나요?",
         "엄마교실은 임신 몇 주부터 신청할 수 있나요? 남편도 같이 가도 되는지 궁금합니다.",
         "저희 아기가 이제 10개월인데 어떤 우유부터 먹이면 좋을까요?",
         "이사를 하게 됐어요. 새 주소로 배달이 되는지 확인 부탁드립니다. 수원 영통구입니다.",
         "계약이 언제 끝나는지 알 수 있을까요? 연장하면 할인이 있나요?",
         "유기농 우유와 일반 우유는 무엇이 다른가요?", "매주 화요일 대신 목요일에 받아도 되나요?",
         "행사 안내에 있는 쿠폰은 매장에서도 쓸 수 있나요? 언제까지인지도 알려 주세요."},
    [FL_SAMPLE_PRAISE] =
        {"항상 신선한 우유 보내 주셔서 감사해요. 아이가 정말 좋아합니다!",
         "엄마교실 너무 좋았어요. 선생님 설명이 친절해서 큰 도움이 됐습니다. 최고예요.",
         "배달하시는 분이 늘 웃으며 인사해 주셔서 아침이 즐겁습니다. 꼭 전해 주세요.",
         "새로 나온 요거트 정말 맛있네요. 벌써 친구들에게 추천했어요 ^^",
         "생일 축하 메일 감사합니다. 이런 작은 정성이 참 고맙네요.",
         "10년째 마시고 있는데 맛이 변함없어서 좋습니다. 앞으로도 잘 부탁드려요.",
         "문의에 이렇게 빨리 답해 주실 줄 몰랐어요. 정말 만족합니다."},
    [FL_SAMPLE_ORDER] = {"플레인 요거트 4개 추가로 주문하고 싶어요. 다음 배달 때 같이 보내 주세요.",
                         "유기농 우유 1리터를 매일 하나씩으로 바꿔 주세요. 다음 달 1일부터요.",
                         "메일에 있는 어린이 치즈 세트 두 상자 주문합니다.",
                         "계약 1년 연장할게요. 지금과 같은 조건으로 부탁드립니다.",
                         "저온살균 우유 900ml 두 병씩, 월수금으로 신청합니다.",
                         "엄마교실 다음 회차에 두 사람 신청합니다. 부부가 함께 갈게요."},
    [FL_SAMPLE_SUGGESTION] = {"유리병을 다시 회수해 가시면 좋겠어요. 환경에도 좋을 것 같습니다.",
                              "배달 전날 문자로 미리 알려 주시면 더 편할 것 같아요.",
                              "당이 없는 딸기 요거트도 만들어 주시면 어떨까요?",
                              "직장인을 위해 저녁 시간이나 주말에도 엄마교실을 열어 주세요.",
                              "앱에서 배달을 쉬는 날을 직접 정할 수 있게 해 주시면 좋겠습니다."},
    [FL_SAMPLE_OPT_OUT] = {"수신거부 해 주세요.", "이제 이런 메일 그만 보내 주세요.",
                           "메일 수신을 원하지 않습니다. 명단에서 빼 주세요.", "수신 거부합니다.",
                           "더 이상 광고 메일을 받고 싶지 않아요. 해지 부탁드립니다."},
    [FL_SAMPLE_VACATION] =
        {"안녕하세요. 현재 휴가 중으로 메일을 확인할 수 없습니다. 급한 용무는 대표번호로 "
         "연락해 주시기 바랍니다.",
         "출산휴가 중입니다. 복귀 후 답장 드리겠습니다.",
         "부재중 자동 응답입니다. 출장 관계로 회신이 늦어질 수 있습니다."},
    [FL_SAMPLE_BOUNCE] = {""},
};

static const char *const english[][10] = {
    [FL_SAMPLE_COMPLAINT] =
        {"The milk that came yesterday was sour. I had to pour all of it away.",
         "This is the second late delivery this week. You promised before 7 am. I am very "
         "disappointed.",
         "The yogurt arrived with a broken lid and leaked all over the bag. I want a refund.",
         "I have called your hotline three times and nobody answers. If this goes on I will "
         "cancel.",
         "I was charged twice for October. Please check and return the money.",
         "Again I got plain milk instead of lactose-free. My son cannot drink this!"},
    [FL_SAMPLE_QUESTION] =
        {"We will be away next week. Can you pause our delivery?",
         "From which week of pregnancy can I join the mothers' class? May my husband come along?",
         "Our baby is ten months old now. Which milk would you recommend to start with?",
         "We are moving to Suwon. Do you deliver there as well?",
         "When does my contract end, and is there a discount if I extend it?",
         "What is the difference between the organic and the pasteurised milk?"},
    [FL_SAMPLE_PRAISE] = {"Thank you for the fresh milk every morning. The kids love it!",
                          "The class was wonderful, the midwife explained everything so kindly.",
                          "Your delivery man always has a smile for us. Please tell him.",
                          "The new yogurt is delicious. I have told all my friends about it :)",
                          "Great service, I did not expect such a quick answer. Very happy."},
    [FL_SAMPLE_ORDER] = {"I would like to order four more plain yogurts with the next delivery.",
                         "Please change us to one litre of organic milk every day from the 1st.",
                         "Two boxes of the children's cheese from your mail, please.",
                         "Please extend my contract for another year on the same terms.",
                         "Please sign up two people for the next mothers' class."},
    [FL_SAMPLE_SUGGESTION] =
        {"It would be nice if you took the glass bottles back.",
         "Could you send a text message the evening before a delivery? That would help a lot.",
         "How about a strawberry yogurt without sugar?",
         "Please offer the class on weekends too, for those of us who work."},
    [FL_SAMPLE_OPT_OUT] = {"Please unsubscribe me.", "Stop sending me these e-mails.",
                           "Remove me from your mailing list please.", "unsubscribe",
                           "I no longer wish to receive your newsletter."},
    [FL_SAMPLE_VACATION] =
        {"Thank you for your message. I am out of the office until Monday with limited access to "
         "e-mail.",
         "I am on parental leave and will answer when I am back.",
         "This is an automatic reply. I am travelling and may be slow to respond."},
    [FL_SAMPLE_BOUNCE] = {""},
};

const char *people_sample_words(struct people_random *random, enum fl_sample_kind kind,
                                bool is_korean)
{
    const char *const *list = is_korean ? korean[kind] : english[kind];
    int n = 0;

    while (n < COUNT(korean[0]) && list[n])
        n++;
    return list[people_random_below(random, n)];
}

const char *people_sample_greeting(struct people_random *random, bool is_korean)
{
    static const char *const ko[] = {"", "", "안녕하세요.\n\n", "안녕하세요,\n",
                                     "수고하십니다.\n\n"};
    static const char *const en[] = {"", "", "Hello,\n\n", "Hi,\n\n", "Dear team,\n\n"};

    return is_korean ? ko[people_random_below(random, COUNT(ko))]
                     : en[people_random_below(random, COUNT(en))];
}

const char *people_sample_closing(struct people_random *random, bool is_korean)
{
    static const char *const ko[] = {"", "", "감사합니다.", "수고하세요.", "그럼 이만."};
    static const char *const en[] = {"", "", "Thanks", "Best regards", "Kind regards"};

    return is_korean ? ko[people_random_below(random, COUNT(ko))]
                     : en[people_random_below(random, COUNT(en))];
}
