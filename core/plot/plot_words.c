/* Everything the plots say. */
#include <string.h>

#include "plot/plot_private.h"

static const char *const words[FL_WORDS][FL_PLOT_LANGUAGES] = {
    [FL_WORD_MAP] = {"Relationship map", "고객 관계 지도"},
    [FL_WORD_MAP_EMPTY] = {"No customer has been valued yet.",
                           "아직 가치가 평가된 고객이 없습니다."},
    [FL_WORD_CV] = {"Customer value: what the customer receives", "고객 가치: 고객이 얻는 것"},
    [FL_WORD_CE] = {"Customer equity: what the firm earns", "고객 자산: 기업이 얻는 것"},
    [FL_WORD_FAIR_LINE] = {"fair-value line", "공정 가치선"},
    [FL_WORD_ZONES] = {"Zones, by customers", "영역별 고객 비율"},
    [FL_WORD_MEANING_N] = {"Unknown: too little data", "알 수 없음: 자료 부족"},
    [FL_WORD_MEANING_I] = {"The customer receives more", "고객이 더 많이 얻음"},
    [FL_WORD_MEANING_II] = {"The firm earns more: defection risk",
                            "기업이 더 많이 얻음: 이탈 위험"},
    [FL_WORD_MEANING_III] = {"Fair", "공정한 관계"},
    [FL_WORD_STRATEGY_N] = {"Learn: first survey, first purchase", "파악: 첫 설문, 첫 구매 유도"},
    [FL_WORD_STRATEGY_I] = {"Promotion, coupon, cross-sell", "판촉, 쿠폰, 교차 판매"},
    [FL_WORD_STRATEGY_II] = {"Gift, differentiated care, a call", "선물, 차별화된 관리, 전화"},
    [FL_WORD_STRATEGY_III] = {"High: protect, ask for referral; low: develop or reactivate",
                              "높음: 보호, 추천 요청 / 낮음: 개발, 재활성화"},
    [FL_WORD_PER_HEXAGON] = {"Customers per hexagon", "육각형당 고객 수"},
    [FL_WORD_KEYS] = {"Key customers", "핵심 고객"},
    [FL_WORD_KEY_CONTRIBUTION] = {"Contribution", "수익 기여"},
    [FL_WORD_KEY_EXCHANGE] = {"Active exchange", "활발한 교류"},
    [FL_WORD_KEY_LEADER] = {"Opinion leadership", "의견 선도"},
    [FL_WORD_KEYS_SOME] = {"{0} of {1} marked", "{1}명 중 {0}명 표시"},
    [FL_WORD_GROUPS] = {"Centre of a group", "집단의 중심"},
    [FL_WORD_GROUPS_SOME] = {"The {0} largest of {1} groups", "{1}개 집단 중 큰 {0}개"},
    [FL_WORD_TRACKING] = {"Cumulative repeat purchases", "누적 재구매"},
    [FL_WORD_TRACKING_EMPTY] = {"No purchase has been made yet.", "아직 구매가 없습니다."},
    [FL_WORD_CUMULATIVE] = {"Cumulative repeat purchases", "누적 재구매 횟수"},
    [FL_WORD_CALIBRATION_PERIOD] = {"calibration \342\206\220", "추정 기간 \342\206\220"},
    [FL_WORD_HOLDOUT_PERIOD] = {"\342\206\222 hold-out", "\342\206\222 검증 기간"},
    [FL_WORD_DIFFERENCE] = {"Expected against actual at the end: {0}",
                            "마지막 시점의 실제 대비 예측: {0}"},
    [FL_WORD_FREQUENCY] = {"Purchases by earlier frequency", "이전 구매 빈도별 구매"},
    [FL_WORD_FREQUENCY_EMPTY] = {"There was no hold-out window to compare with yet.",
                                 "아직 비교할 검증 기간이 없습니다."},
    [FL_WORD_PURCHASES_BEFORE] = {"Repeat purchases before the window",
                                  "검증 기간 이전의 재구매 횟수"},
    [FL_WORD_PURCHASES_IN_WINDOW] = {"Mean purchases in the {0} periods after",
                                     "이후 {0}개 기간의 평균 구매 횟수"},
    [FL_WORD_CLASS_SIZES] = {"below each: number of customers", "빈도 아래: 고객 수"},
    [FL_WORD_SURVIVAL] = {"Survival of subscriptions", "구독 유지율"},
    [FL_WORD_SURVIVAL_EMPTY] = {"There is no subscription yet.", "아직 구독이 없습니다."},
    [FL_WORD_STILL_THERE] = {"Still subscribed", "구독 유지 비율"},
    [FL_WORD_BAND_95] = {"95% interval", "95% 구간"},
    [FL_WORD_CALIBRATION] = {"Calibration of commitment", "몰입도 보정"},
    [FL_WORD_CALIBRATION_EMPTY] = {"There was no hold-out window to compare with yet.",
                                   "아직 비교할 검증 기간이 없습니다."},
    [FL_WORD_PREDICTED] = {"Predicted share who stay", "예측된 유지 비율"},
    [FL_WORD_OBSERVED] = {"Share who stayed", "실제 유지 비율"},
    [FL_WORD_OBSERVED_95] = {"Observed, with 95% interval", "실제, 95% 구간 포함"},
    [FL_WORD_DIAGONAL] = {"predicted = observed", "예측 = 실제"},
    [FL_WORD_BINS] = {"Customers, by bin", "구간별 고객 수"},
    [FL_WORD_AUC] = {"AUC", "AUC"},
    [FL_WORD_BRIER] = {"Brier score", "브라이어 점수"},
    [FL_WORD_P_ALONE] = {"{0} ({1} by purchases alone)", "{0} (구매만으로 {1})"},
    [FL_WORD_ACTUAL] = {"Actual", "실제"},
    [FL_WORD_EXPECTED] = {"Expected by the model", "모형의 예측"},
    [FL_WORD_DATE] = {"Date", "날짜"},
    [FL_WORD_SINCE_START] = {"{0} since the start", "시작 후 경과 기간({0})"},
    [FL_WORD_WEEK] = {"Weeks", "주"},
    [FL_WORD_MONTH] = {"Months", "개월"},
    [FL_WORD_DAY] = {"Days", "일"},
    [FL_WORD_YEAR] = {"Years", "년"},
    [FL_WORD_PERIOD] = {"Periods", "기간"},
};

enum fl_plot_language fl_plot_language_of(const char *tag)
{
    bool is_ko = tag && (tag[0] == 'k' || tag[0] == 'K') && (tag[1] == 'o' || tag[1] == 'O') &&
                 (tag[2] == '\0' || tag[2] == '-' || tag[2] == '_');

    return is_ko ? FL_PLOT_KO : FL_PLOT_EN;
}

const char *fl_plot_word(enum fl_plot_language language, enum fl_plot_word word)
{
    return words[word][language];
}

void fl_plot_say(enum fl_plot_language language, char out[FL_PLOT_TEXT_MAX], enum fl_plot_word word,
                 const char *first, const char *second)
{
    const char *values[] = {first, second};
    struct fl_buf text = FL_BUF(FL_PLOT_TEXT_MAX);
    size_t len;

    for (const char *s = fl_plot_word(language, word); *s; s++) {
        if (s[0] == '{' && (s[1] == '0' || s[1] == '1') && s[2] == '}') {
            fl_buf_puts(&text, values[s[1] - '0'] ? values[s[1] - '0'] : "");
            s += 2;
        } else
            fl_buf_putc(&text, *s);
    }
    len = text.len < FL_PLOT_TEXT_MAX ? text.len : FL_PLOT_TEXT_MAX - 1;
    while (len && !fl_utf8_is_valid(text.data, len))
        len--;
    memcpy(out, text.data, len);
    out[len] = '\0';
    fl_buf_finish(&text);
}

const char *fl_plot_period(enum fl_plot_language language, const char *period)
{
    static const struct {
        const char *period;
        enum fl_plot_word word;
    } periods[] = {{"week", FL_WORD_WEEK},
                   {"month", FL_WORD_MONTH},
                   {"day", FL_WORD_DAY},
                   {"year", FL_WORD_YEAR},
                   {"period", FL_WORD_PERIOD}};

    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++)
        if (fl_str_equal(periods[i].period, period))
            return fl_plot_word(language, periods[i].word);
    return period ? period : "";
}
