#include <string.h>

#include "people/people_private.h"
#include "people/people_random.h"

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
    LETTER_NO = 12,
    CONTRACT_RUNS_SHARE = 84
};

/* In days. */
enum {
    BIRTH_AHEAD = 20 * 7,
    BIRTH_BACK_MONTHS = 14,
    CONTRACT_YEARS_BACK = 5,
    NOTICE_DAYS = 90,
    SHOPPER_DAYS = 900
};

enum segment { MOTHERS_CLASS, HOME_DELIVERY, SHOP };

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
    int number;
    bool is_korean;
    enum segment segment;
    const struct name *family, *given;
    const char *english_given, *english_family;
    int32_t joined;
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
    struct person p = {.number = number};
    int share = people_random_below(random, 100);
    bool is_woman;

    p.segment = share < MOTHERS_SHARE                ? MOTHERS_CLASS
                : share < MOTHERS_SHARE + HOME_SHARE ? HOME_DELIVERY
                                                     : SHOP;
    is_woman = people_random_percent(random, p.segment == MOTHERS_CLASS ? 97 : 55);
    p.is_korean = people_random_percent(random, KOREAN_SHARE);
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

    if (p->is_korean)
        fl_buf_printf(csv, "%s.%s%d@%s", p->given->latin, p->family->latin, p->number, domain);
    else {
        char local[64];
        size_t n = 0;

        for (const char *s = p->english_given; *s; s++)
            local[n++] = (char)(*s | 0x20);
        local[n++] = '.';
        for (const char *s = p->english_family; *s; s++)
            if (*s != '\'')
                local[n++] = (char)(*s | 0x20);
        fl_buf_printf(csv, "%.*s%d@%s", (int)n, local, p->number, domain);
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
    subscriber = 20000000 + (int)((offset + (uint64_t)p->number * STEP) % NUMBERS);
    if (form < 7)
        fl_buf_printf(csv, "010-%04d-%04d", subscriber / 10000, subscriber % 10000);
    else if (form < 9)
        fl_buf_printf(csv, "010%08d", subscriber);
    else
        fl_buf_printf(csv, "+82 10 %04d %04d", subscriber / 10000, subscriber % 10000);
}

/* birth, contract_start, contract_end; also finds when the customer joined. */
static int32_t put_anchors(struct fl_buf *csv, struct people_random *random, struct person *p,
                           int32_t today)
{
    int32_t birth = FL_DATE_NONE, start, end;

    p->joined = today - 1 - people_random_below(random, SHOPPER_DAYS);
    if (p->segment == MOTHERS_CLASS) {
        int32_t first = fl_date_add_months(today, -BIRTH_BACK_MONTHS);

        birth = first + people_random_below(random, today + BIRTH_AHEAD - first + 1);
        p->joined = birth - 100 - people_random_below(random, 80);
        if (p->joined >= today)
            p->joined = today - 1 - people_random_below(random, 14);
        put_date(csv, birth);
    }
    fl_buf_putc(csv, ',');
    if (p->segment == HOME_DELIVERY) {
        /* The smaller of two draws: more young contracts than old ones. */
        int a = people_random_below(random, CONTRACT_YEARS_BACK * 365);
        int b = people_random_below(random, CONTRACT_YEARS_BACK * 365);

        start = today - (a < b ? a : b);
        p->joined = start - people_random_below(random, 10);
        end = fl_date_add_months(start, 12);
        if (people_random_percent(random, CONTRACT_RUNS_SHARE))
            while (end <= today)
                end = fl_date_add_months(end, 12);
        put_date(csv, start);
        fl_buf_putc(csv, ',');
        put_date(csv, end);
    } else
        fl_buf_putc(csv, ',');
    fl_buf_putc(csv, ',');
    return birth;
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

    if (p->is_korean)
        fl_buf_printf(csv, "%s %d %d호,%s,%05d,", streets[street].hangul, house, flat,
                      cities[city].hangul, postcode);
    else
        fl_buf_printf(csv, "%d %s | Apt %d,%s,%05d,", house, streets[street].latin, flat,
                      cities[city].latin, postcode);
}

static void put_attributes(struct fl_buf *csv, struct people_random *random, const struct person *p,
                           int32_t birth, int32_t today)
{
    static const char *const segments[] = {"mothers_class", "home_delivery", "shop"};
    int city = draw_city(random);
    int product = people_random_below(random, COUNT(products));
    int baby = people_random_below(random, 1000);

    fl_buf_printf(csv, "%s,%s,", segments[p->segment],
                  p->is_korean ? cities[city].hangul : cities[city].latin);
    if (birth == FL_DATE_NONE)
        ;
    else if (!p->is_korean && birth <= today)
        put_cell(csv, english_baby_names[baby % COUNT(english_baby_names)]);
    else if (p->is_korean)
        put_cell(csv, birth > today ? unborn_names[baby % COUNT(unborn_names)]
                                    : baby_names[baby % COUNT(baby_names)]);
    fl_buf_putc(csv, ',');
    if (p->segment != MOTHERS_CLASS)
        put_cell(csv, p->is_korean ? products[product].hangul : products[product].latin);
    fl_buf_putc(csv, ',');
    put_postal(csv, random, p, city);
}

static const char *draw_consent(struct people_random *random, int yes, int no)
{
    int at = people_random_below(random, 100);

    return at < yes ? "yes" : at < yes + no ? "no" : "";
}

static void put_person(struct fl_buf *csv, struct people_random *random, int number, int32_t today,
                       uint64_t offset)
{
    static const char *const proofs[] = {"class sign-up sheet", "contract form", "shop card"};
    struct person p = draw_person(random, number);
    int32_t birth;

    fl_buf_printf(csv, "C%06d,", number);
    if (p.is_korean)
        fl_buf_printf(csv, "%s%s,ko,", p.family->hangul, p.given->hangul);
    else
        fl_buf_printf(csv, "%s %s,en,", p.english_given, p.english_family);
    put_email(csv, random, &p);
    fl_buf_putc(csv, ',');
    put_phone(csv, random, &p, offset);
    fl_buf_putc(csv, ',');
    birth = put_anchors(csv, random, &p, today);
    put_attributes(csv, random, &p, birth, today);
    fl_buf_printf(csv, "%s,", draw_consent(random, EMAIL_YES, EMAIL_NO));
    fl_buf_printf(csv, "%s,", draw_consent(random, SMS_YES, SMS_NO));
    fl_buf_printf(csv, "%s,%s,", draw_consent(random, LETTER_YES, LETTER_NO), proofs[p.segment]);
    put_date(csv, p.joined);
    fl_buf_puts(csv, "\r\n");
}

enum fl_status fl_people_sample(struct fl_arena *arena, uint64_t seed, int n, int32_t today,
                                char **out_csv, size_t *out_len, struct fl_error *err)
{
    struct people_random random = {seed};
    struct fl_buf csv;
    uint64_t offset;
    char *copy;

    if (n < 1 || n > SAMPLE_CUSTOMERS_MAX)
        return fl_error_set(err, FL_INVALID, "%d customers, 1 to %d are possible", n,
                            SAMPLE_CUSTOMERS_MAX);
    offset = people_random_u64(&random) % UINT32_MAX;
    fl_buf_init(&csv, ((size_t)n + 1) * SAMPLE_ROW_MAX);
    fl_buf_puts(&csv,
                "external_id,name,language,email,phone,anchor.birth,anchor.contract_start,"
                "anchor.contract_end,attribute.segment,attribute.city,attribute.baby_name,"
                "attribute.product,street,city,postcode,consent.marketing.email,"
                "consent.marketing.sms,consent.marketing.letter,consent_proof,consent_at\r\n");
    for (int i = 1; i <= n; i++)
        put_person(&csv, &random, i, today, offset);
    copy = fl_buf_failed(&csv) ? NULL : fl_arena_strndup(arena, csv.data, csv.len);
    if (!copy) {
        fl_buf_finish(&csv);
        return fl_error_set(err, FL_LIMIT, "the sample is too large");
    }
    *out_csv = copy;
    *out_len = csv.len;
    fl_buf_finish(&csv);
    return FL_OK;
}
