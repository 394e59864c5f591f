#include <cstring>
#include <exception>
#include <string>

#include <phonenumbers/phonenumberutil.h>

#include "people/people_phone.h"

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace
{

/* ITU-T E.164: at most 15 digits and the plus. */
constexpr size_t e164_max = 16;

const char *parse_reason(PhoneNumberUtil::ErrorType error)
{
    switch (error) {
    case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR:
        return "no known country code (write it as +82..., or give the country)";
    case PhoneNumberUtil::TOO_SHORT_AFTER_IDD:
    case PhoneNumberUtil::TOO_SHORT_NSN:
        return "too short for a phone number";
    case PhoneNumberUtil::TOO_LONG_NSN:
        return "too long for a phone number";
    default:
        return "not a phone number";
    }
}

const char *possible_reason(PhoneNumberUtil::ValidationResult result)
{
    switch (result) {
    case PhoneNumberUtil::IS_POSSIBLE:
        return nullptr;
    case PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY:
        return "the area code is missing";
    case PhoneNumberUtil::INVALID_COUNTRY_CODE:
        return "no known country code";
    case PhoneNumberUtil::TOO_SHORT:
        return "too short for a phone number of its country";
    case PhoneNumberUtil::TOO_LONG:
        return "too long for a phone number of its country";
    default:
        return "no phone number of its country has this length";
    }
}

const char *normalise(const char *in, const char *country, std::string *out)
{
    const PhoneNumberUtil *util = PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    PhoneNumberUtil::ErrorType error = util->Parse(in, country ? country : "ZZ", &number);
    const char *reason;

    if (error != PhoneNumberUtil::NO_PARSING_ERROR)
        return parse_reason(error);
    if (number.has_extension())
        return "an extension cannot be called by a machine";
    /* Possible and not valid is enough: prefixes are newer than the library's tables. */
    reason = possible_reason(util->IsPossibleNumberWithReason(number));
    if (reason)
        return reason;
    util->Format(number, PhoneNumberUtil::E164, out);
    return out->size() > e164_max ? "more than 15 digits" : nullptr;
}

} // namespace

extern "C" bool people_phone_by_library(const char *in, const char *country,
                                        char out[PEOPLE_PHONE_SIZE], const char **out_reason)
{
    /* No exception may cross into C. */
    try {
        std::string text;
        const char *reason = normalise(in, country, &text);

        if (reason) {
            *out_reason = reason;
            return false;
        }
        std::memcpy(out, text.c_str(), text.size() + 1);
        return true;
    } catch (const std::exception &) {
        *out_reason = "out of memory";
        return false;
    }
}
