#include <string.h>

#include "base/file.h"
#include "people/people_private.h"
#include "people/people_sample_private.h"
#include "value/simulate.h"

enum { SAMPLE_CUSTOMERS_MAX = 1000000, SAMPLE_ROW_MAX = 1024 };

/* In percent. */
enum {
    MOTHERS_SHARE = 35,
    HOME_SHARE = 45,
    KOREAN_SHARE = 92,
    PHONE_SHARE = 93,
    EMAIL_YES = 85,
    EMAIL_NO = 10,
    SMS_YES = 62,
    SMS_NO = 23,
    LETTER_YES = 70,
    LETTER_NO = 12
};

/* In days. */
enum {
    BIRTH_AHEAD = 20 * 7,
    BIRTH_BACK_MONTHS = 14,
    CONTRACT_YEARS_BACK = 5,
    NOTICE_DAYS = 90,
    SHOPPER_DAYS = 900
};

/* How long deliveries are kept, in months: one in seven leaves in the first year, and who stayed
 * longer leaves less. */
static const double contract_model[] = {0.5, 30};

struct name {
    const char *hangul, *latin;
};

/* Weights are percent of the population, roughly. */
static const struct {
    struct name name;
    int weight;
} families[] = {
    {{"김", "kim"}, 21}, {{"이", "lee"}, 15}, {{"박", "park"}, 8}, {{"최", "choi"}, 5},
    {{"정", "jung"}, 5}, {{"강", "kang"}, 3}, {{"조", "cho"}, 3},  {{"윤", "yoon"}, 2},
    {{"장", "jang"}, 2}, {{"임", "lim"}, 2},  {{"한", "han"}, 2},  {{"오", "oh"}, 2},
    {{"서", "seo"}, 2},  {{"신", "shin"}, 2}, {{"권", "kwon"}, 2}, {{"황", "hwang"}, 1},
    {{"안", "ahn"}, 1},  {{"송", "song"}, 1}, {{"류", "ryu"}, 1},  {{"홍", "hong"}, 1},
};
static const struct name women[] = {
    {"지영", "jiyoung"},  {"민지", "minji"},   {"수진", "sujin"},   {"은정", "eunjung"},
    {"혜진", "hyejin"},   {"지은", "jieun"},   {"유진", "yujin"},   {"미영", "miyoung"},
    {"현정", "hyunjung"}, {"소영", "soyoung"}, {"지현", "jihyun"},  {"서연", "seoyeon"},
    {"하나", "hana"},     {"보람", "boram"},   {"아름", "areum"},   {"은영", "eunyoung"},
    {"선영", "sunyoung"}, {"수연", "suyeon"},  {"정은", "jungeun"}, {"다은", "daeun"},
    {"가영", "gayoung"},  {"나래", "narae"},   {"예진", "yejin"},   {"채원", "chaewon"},
    {"희정", "heejung"},  {"윤아", "yoona"},   {"세라", "sera"},    {"경희", "kyunghee"},
};
static const struct name men[] = {
    {"민수", "minsu"},    {"준호", "junho"},     {"성민", "sungmin"},  {"현우", "hyunwoo"},
    {"지훈", "jihoon"},   {"동현", "donghyun"},  {"상훈", "sanghoon"}, {"영호", "youngho"},
    {"재현", "jaehyun"},  {"태영", "taeyoung"},  {"진우", "jinwoo"},   {"승현", "seunghyun"},
    {"민재", "minjae"},   {"영수", "youngsu"},   {"정훈", "junghoon"}, {"기영", "kiyoung"},
    {"형준", "hyungjun"}, {"병철", "byungchul"}, {"석진", "seokjin"},  {"인호", "inho"},
};
static const char *const english_given[] = {"Emma",  "Olivia", "Sarah", "Grace",  "Hannah", "Laura",
                                            "James", "Daniel", "Peter", "Thomas", "Oliver", "Mark"};
static const char *const english_family[] = {"Smith",  "Brown", "Miller", "Wilson", "Taylor",
                                             "Walker", "Young", "Clarke", "Murphy", "O'Neill"};
static const char *const unborn_names[] = {"튼튼이", "축복이", "사랑이", "햇살이", "복덩이",
                                           "열무",   "콩이",   "하늘이", "꼬물이", "기쁨이"};
static const char *const baby_names[] = {"서준", "하준", "도윤", "시우", "은우", "지호", "이안",
                                         "서아", "이서", "하윤", "지안", "아린", "서윤", "유나"};
static const char *const english_baby_names[] = {"Noah", "Leo", "Mia", "Ella", "Theo", "Ruby"};
static const struct {
    const char *hangul, *latin;
    int weight;
    int postcodes; /* where its range begins */
} cities[] = {
    {"서울", "Seoul", 38, 1000}, {"부산", "Busan", 11, 46000},  {"인천", "Incheon", 10, 21000},
    {"대구", "Daegu", 8, 41000}, {"대전", "Daejeon", 6, 34000}, {"광주", "Gwangju", 6, 61000},
    {"수원", "Suwon", 6, 16200}, {"용인", "Yongin", 5, 16800},  {"고양", "Goyang", 5, 10200},
    {"제주", "Jeju", 5, 63000},
};
static const struct {
    const char *hangul, *latin;
} streets[] = {{"새벽길", "Saebyeok-gil"},      {"은하로", "Eunha-ro"},
               {"솔밭길", "Solbat-gil"},        {"한빛로", "Hanbit-ro"},
               {"느티나무길", "Neutinamu-gil"}, {"바람길", "Baram-gil"},
               {"햇살로", "Haetsal-ro"},        {"목장길", "Mokjang-gil"}};
static const struct {
    const char *hangul, *latin;
} products[] = {{"저온살균 우유", "pasteurised milk"},
                {"유기농 우유", "organic milk"},
                {"락토프리 우유", "lactose-free milk"},
                {"플레인 요거트", "plain yogurt"},
                {"어린이 치즈", "children's cheese"}};

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* One customer while it is written. */
struct person {
    struct sample_person is;
    const struct name *family, *given;
    const char *english_given, *english_family;
};

static const struct name *draw_family(struct people_random *random)
{
    int total = 0, at;

    for (int i = 0; i < COUNT(families); i++)
        total += families[i].weight;
    at = people_random_below(random, total);
    for (int i = 0; i < COUNT(families); i++)
        if ((at -= families[i].weight) < 0)
            return &families[i].name;
    return &families[0].name;
}

static int draw_city(struct people_random *random)
{
    int at = people_random_below(random, 100), i = 0;

    while (i < COUNT(cities) - 1 && (at -= cities[i].weight) >= 0)
        i++;
    return i;
}

static struct person draw_person(struct people_random *random, int number)
{
    struct person p = {.is = {.number = number,
                              .birth = FL_DATE_NONE,
                              .contract_start = FL_DATE_NONE,
                              .contract_end = FL_DATE_NONE}};
    int share = people_random_below(random, 100);
    bool is_woman;

    p.is.segment = share < MOTHERS_SHARE                ? SAMPLE_MOTHERS_CLASS
                   : share < MOTHERS_SHARE + HOME_SHARE ? SAMPLE_HOME_DELIVERY
                                                        : SAMPLE_SHOP;
    is_woman = people_random_percent(random, p.is.segment == SAMPLE_MOTHERS_CLASS ? 97 : 55);
    p.is.is_korean = people_random_percent(random, KOREAN_SHARE);
    p.family = draw_family(random);
    p.given = is_woman ? &women[people_random_below(random, COUNT(women))]
                       : &men[people_random_below(random, COUNT(men))];
    /* The first half of the English names are women's. */
    p.english_given = english_given[people_random_below(random, COUNT(english_given) / 2) +
                                    (is_woman ? 0 : COUNT(english_given) / 2)];
    p.english_family = english_family[people_random_below(random, COUNT(english_family))];
    return p;
}

static void put_cell(struct fl_buf *csv, const char *text)
{
    bool needs_quotes = strpbrk(text, ",;\"\t\r\n") != NULL;

    if (needs_quotes)
        fl_buf_putc(csv, '"');
    for (; *text; text++) {
        if (*text == '"')
            fl_buf_putc(csv, '"');
        fl_buf_putc(csv, *text);
    }
    if (needs_quotes)
        fl_buf_putc(csv, '"');
}

static void put_date(struct fl_buf *csv, int32_t date)
{
    char text[FL_TIME_TEXT_SIZE];

    fl_date_format(date, text);
    fl_buf_puts(csv, text);
}

/* The number of the customer in it keeps an address unique. */
static void put_email(struct fl_buf *csv, struct people_random *random, const struct person *p)
{
    const char *domain = people_random_percent(random, 80) ? "cust.test" : "example.test";

    if (p->is.is_korean)
        fl_buf_printf(csv, "%s.%s%d@%s", p->given->latin, p->family->latin, p->is.number, domain);
    else {
        char local[64];
        size_t n = 0;

        for (const char *s = p->english_given; *s; s++)
            local[n++] = (char)(*s | 0x20);
        local[n++] = '.';
        for (const char *s = p->english_family; *s; s++)
            if (*s != '\'')
                local[n++] = (char)(*s | 0x20);
        fl_buf_printf(csv, "%.*s%d@%s", (int)n, local, p->is.number, domain);
    }
}

/* 010 and eight digits of which the first is 2 to 9; no two customers share one. */
static void put_phone(struct fl_buf *csv, struct people_random *random, const struct person *p,
                      uint64_t offset)
{
    enum { NUMBERS = 80000000, STEP = 48271717 /* coprime: every number comes once */ };
    int form = people_random_below(random, 10);
    int subscriber;

    if (!people_random_percent(random, PHONE_SHARE))
        return;
    subscriber = 20000000 + (int)((offset + (uint64_t)p->is.number * STEP) % NUMBERS);
    if (form < 7)
        fl_buf_printf(csv, "010-%04d-%04d", subscriber / 10000, subscriber % 10000);
    else if (form < 9)
        fl_buf_printf(csv, "010%08d", subscriber);
    else
        fl_buf_printf(csv, "+82 10 %04d %04d", subscriber / 10000, subscriber % 10000);
}

/* The contract goes on from year to year, or ended with the month that was the last. */
static void draw_contract(struct people_random *random, struct sample_person *p, int32_t today)
{
    /* The smaller of two draws: more young contracts than old ones. */
    int a = people_random_below(random, CONTRACT_YEARS_BACK * 365);
    int b = people_random_below(random, CONTRACT_YEARS_BACK * 365);
    struct fl_value_random draws;
    struct fl_value_obs kept;

    p->contract_start = today - (a < b ? a : b);
    p->joined = p->contract_start - people_random_below(random, 10);
    fl_value_random_init(&draws, people_random_u64(random));
    fl_value_simulate(FL_VALUE_SBG, contract_model, CONTRACT_YEARS_BACK * 365.0 / SAMPLE_MONTH_DAYS,
                      false, &draws, &kept, 1);
    p->contract_end = p->contract_start + (int32_t)kept.T * SAMPLE_MONTH_DAYS;
    p->has_left = kept.x > 0 && p->contract_end <= today;
    if (p->has_left)
        return;
    p->contract_end = fl_date_add_months(p->contract_start, 12);
    while (p->contract_end <= today)
        p->contract_end = fl_date_add_months(p->contract_end, 12);
}

static void draw_dates(struct people_random *random, struct sample_person *p, int32_t today)
{
    int32_t first;

    p->joined = today - 1 - people_random_below(random, SHOPPER_DAYS);
    if (p->segment == SAMPLE_HOME_DELIVERY)
        draw_contract(random, p, today);
    if (p->segment != SAMPLE_MOTHERS_CLASS)
        return;
    first = fl_date_add_months(today, -BIRTH_BACK_MONTHS);
    p->birth = first + people_random_below(random, today + BIRTH_AHEAD - first + 1);
    p->joined = p->birth - 100 - people_random_below(random, 80);
    if (p->joined >= today)
        p->joined = today - 1 - people_random_below(random, 14);
}

static void put_anchors(struct fl_buf *csv, const struct sample_person *p)
{
    const int32_t dates[] = {p->birth, p->contract_start, p->contract_end};

    for (int i = 0; i < COUNT(dates); i++) {
        if (dates[i] != FL_DATE_NONE)
            put_date(csv, dates[i]);
        fl_buf_putc(csv, ',');
    }
}

/* street, city, postcode: streets that do not exist, in postcodes of the city. */
static void put_postal(struct fl_buf *csv, struct people_random *random, const struct person *p,
                       int city)
{
    enum { HOUSES = 240, FLATS = 1800, CODES = 190 };
    int street = people_random_below(random, COUNT(streets));
    int house = 1 + people_random_below(random, HOUSES);
    int flat = 101 + people_random_below(random, FLATS);
    int postcode = cities[city].postcodes + people_random_below(random, CODES);

    if (p->is.is_korean)
        fl_buf_printf(csv, "%s %d %d호,%s,%05d,", streets[street].hangul, house, flat,
                      cities[city].hangul, postcode);
    else
        fl_buf_printf(csv, "%d %s | Apt %d,%s,%05d,", house, streets[street].latin, flat,
                      cities[city].latin, postcode);
}

static void put_attributes(struct fl_buf *csv, struct people_random *random, const struct person *p,
                           int32_t today)
{
    int32_t birth = p->is.birth;
    static const char *const segments[] = {"mothers_class", "home_delivery", "shop"};
    int city = draw_city(random);
    int product = people_random_below(random, COUNT(products));
    int baby = people_random_below(random, 1000);

    fl_buf_printf(csv, "%s,%s,", segments[p->is.segment],
                  p->is.is_korean ? cities[city].hangul : cities[city].latin);
    if (birth == FL_DATE_NONE)
        ;
    else if (!p->is.is_korean && birth <= today)
        put_cell(csv, english_baby_names[baby % COUNT(english_baby_names)]);
    else if (p->is.is_korean)
        put_cell(csv, birth > today ? unborn_names[baby % COUNT(unborn_names)]
                                    : baby_names[baby % COUNT(baby_names)]);
    fl_buf_putc(csv, ',');
    if (p->is.segment != SAMPLE_MOTHERS_CLASS)
        put_cell(csv, p->is.is_korean ? products[product].hangul : products[product].latin);
    fl_buf_putc(csv, ',');
    put_postal(csv, random, p, city);
}

static const char *draw_consent(struct people_random *random, int yes, int no)
{
    int at = people_random_below(random, 100);

    return at < yes ? "yes" : at < yes + no ? "no" : "";
}

static struct person put_person(struct fl_buf *csv, struct people_random *random, int number,
                                int32_t today, uint64_t offset)
{
    static const char *const proofs[] = {"class sign-up sheet", "contract form", "shop card"};
    struct person p = draw_person(random, number);

    fl_buf_printf(csv, SAMPLE_CUSTOMER_ID ",", number);
    if (p.is.is_korean)
        fl_buf_printf(csv, "%s%s,ko,", p.family->hangul, p.given->hangul);
    else
        fl_buf_printf(csv, "%s %s,en,", p.english_given, p.english_family);
    put_email(csv, random, &p);
    fl_buf_putc(csv, ',');
    put_phone(csv, random, &p, offset);
    fl_buf_putc(csv, ',');
    draw_dates(random, &p.is, today);
    put_anchors(csv, &p.is);
    put_attributes(csv, random, &p, today);
    fl_buf_printf(csv, "%s,", draw_consent(random, EMAIL_YES, EMAIL_NO));
    fl_buf_printf(csv, "%s,", draw_consent(random, SMS_YES, SMS_NO));
    fl_buf_printf(csv, "%s,%s,", draw_consent(random, LETTER_YES, LETTER_NO), proofs[p.is.segment]);
    put_date(csv, p.is.joined);
    fl_buf_puts(csv, "\r\n");
    return p;
}

enum fl_status people_sample_each(uint64_t seed, int n, int32_t today, people_sample_fn *fn,
                                  void *ctx, struct fl_error *err)
{
    FL_AUTO_BUF struct fl_buf row = FL_BUF(SAMPLE_ROW_MAX);
    struct people_random random = {seed};
    uint64_t offset;

    if (n < 1 || n > SAMPLE_CUSTOMERS_MAX)
        return fl_error_set(err, FL_INVALID, "%d customers, 1 to %d are possible", n,
                            SAMPLE_CUSTOMERS_MAX);
    offset = people_random_u64(&random) % UINT32_MAX;
    for (int i = 1; i <= n; i++) {
        struct person p;

        fl_buf_reset(&row);
        p = put_person(&row, &random, i, today, offset);
        if (fl_buf_failed(&row))
            return fl_error_set(err, FL_LIMIT, "the sample is too large");
        fn(ctx, &p.is, row.data);
    }
    return FL_OK;
}

static void add_row(void *ctx, const struct sample_person *person, const char *row)
{
    (void)person;
    fl_buf_puts(ctx, row);
}

enum fl_status fl_people_sample(struct fl_arena *arena, uint64_t seed, int n, int32_t today,
                                char **out_csv, size_t *out_len, struct fl_error *err)
{
    FL_AUTO_BUF struct fl_buf csv = FL_BUF(((size_t)SAMPLE_CUSTOMERS_MAX + 1) * SAMPLE_ROW_MAX);
    enum fl_status st;
    char *copy;

    fl_buf_puts(&csv,
                "external_id,name,language,email,phone,anchor.birth,anchor.contract_start,"
                "anchor.contract_end,attribute.segment,attribute.city,attribute.baby_name,"
                "attribute.product,street,city,postcode,consent.marketing.email,"
                "consent.marketing.sms,consent.marketing.letter,consent_proof,consent_at\r\n");
    st = people_sample_each(seed, n, today, add_row, &csv, err);
    if (st)
        return st;
    copy = fl_buf_failed(&csv) ? NULL : fl_arena_strndup(arena, csv.data, csv.len);
    if (!copy)
        return fl_error_set(err, FL_LIMIT, "the sample is too large");
    *out_csv = copy;
    *out_len = csv.len;
    return FL_OK;
}
