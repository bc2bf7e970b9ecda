/* Conversion of float32 to the shortest decimal that reads back as the same number, and of decimals to float32.
 *
 * Writing uses the method of Steele and White ("How to Print Floating-Point Numbers Accurately", PLDI 1990) with
 * fixed-width integers, as Ryu does (Adams, PLDI 2018). The number and the ends of the interval that rounds to it are
 * scaled to integers of nine or ten digits; then digits are removed as long as the interval contains a multiple of ten.
 * Only numbers from 1e-10 to 1e5 are written, because the intermediate results then fit into 96 bits without tables.
 *
 * Reading rounds to double first, and then to float32, as Python's float() and NumPy's cast do. An integer of at most
 * 2**53 times a power of ten up to 10**22 takes one correctly rounded operation (Clinger, "How to Read Floating Point
 * Numbers Accurately", PLDI 1990). With more digits the double may be a few units in the last place off, which changes
 * the result only near the midpoint between two float32 numbers.
 *
 * The functions return NULL for numbers out of range and numbers near such a midpoint; the caller then uses Python.
 */
#ifndef FASTW2V_FORMATS_DECIMAL_H
#define FASTW2V_FORMATS_DECIMAL_H

#include <float.h>

#include "text/byte_classes.h"

#define FW_NUMBER_BYTES 17 /* the most bytes of a number and the space before it */
#define FW_SLACK 32        /* bytes behind the result that must be writable */

static const uint64_t fw_powers_of_ten[20] = {1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u,
    1000000000u, 10000000000u, 100000000000u, 1000000000000u, 10000000000000u, 100000000000000u, 1000000000000000u,
    10000000000000000u, 100000000000000000u, 1000000000000000000u, 10000000000000000000u};

/* Return floor(factor * ten / 2**shift), for factor < 2**27, 0 < shift < 64 and a result below 2**32. `*rest` becomes
 * whether the quotient was rounded down. */
FW_INLINE uint64_t fw_scale(uint32_t factor, uint64_t ten, int shift, int *rest) {
    uint64_t below = factor * (ten & 0xFFFFFFFFu), above = factor * (ten >> 32) + (below >> 32);
    below &= 0xFFFFFFFFu;
    if (shift >= 32) {
        *rest = below != 0 || (above & (((uint64_t)1 << (shift - 32)) - 1)) != 0;
        return above >> (shift - 32);
    }
    *rest = (below & (((uint64_t)1 << shift) - 1)) != 0;
    return above << (32 - shift) | below >> shift;
}

/* Return the eight decimal digits of a number below 10**8 in ASCII, the first digit in the lowest byte. The number is
 * divided into two numbers of four digits, four of two and eight of one, side by side in one word. In this range,
 * multiplying by 10486 / 2**20 divides by 100 and multiplying by 103 / 2**10 divides by 10. */
FW_INLINE uint64_t fw_eight_ascii(uint32_t number) {
    uint64_t fours = number / 10000 | (uint64_t)(number % 10000) << 32;
    uint64_t upper = (fours * 10486 >> 20) & 0x0000007F0000007Fu, pairs = upper | (fours - 100 * upper) << 16;
    uint64_t tens = (pairs * 103 >> 10) & 0x000F000F000F000Fu;
    return (tens | (pairs - 10 * tens) << 8) + 0x3030303030303030u;
}

/* Write `digits`, which has at most nine digits, times 10**exponent in the style of Python's repr. Return the end.
 *
 * Nine digits are always written, because a loop with a varying number of steps would be mispredicted. Therefore
 * FW_SLACK bytes behind the end must be writable. */
FW_INLINE char *fw_write_digits(uint32_t digits, int exponent, char *out) {
    int n = 1, point;
    uint64_t rest;
    char first;
    for (int i = 1; i < 9; i++)
        n += digits >= fw_powers_of_ten[i];
    point = n + exponent; /* the decimal point comes before this digit */
    digits *= (uint32_t)fw_powers_of_ten[9 - n];
    first = (char)('0' + digits / 100000000);
    rest = fw_eight_ascii(digits % 100000000);
    if (point <= -4) {
        out[0] = first;
        out[1] = '.';
        fw_store(out + 2, rest);
        out += n > 1 ? n + 1 : 1;
        point = 1 - point;
        out[0] = 'e';
        out[1] = '-';
        out[2] = (char)('0' + point / 10);
        out[3] = (char)('0' + point % 10);
        return out + 4;
    }
    if (point <= 0) {
        memcpy(out, "0.0000", 6);
        out[2 - point] = first;
        fw_store(out + 3 - point, rest);
        return out + 2 - point + n;
    }
    out[0] = first;
    fw_store(out + 1, rest);
    out[point] = '.';
    fw_store(out + point + 1, rest >> 8 * (point - 1));
    return out + (n > point ? n : point + 1) + 1;
}

/* Write `value` in at most FW_NUMBER_BYTES - 1 bytes. Return the end, or NULL if the value is out of range. */
static char *fw_write_float(float value, char *out) {
    uint32_t bits, mantissa;
    int shift, tens, rest, none, dropped = 0, last, half;
    uint64_t ten;
    uint32_t number, upper, lower;
    memcpy(&bits, &value, 4);
    *out = '-';
    out += bits >> 31;
    bits &= 0x7FFFFFFFu;
    memcpy(&value, &bits, 4);
    if (bits == 0) {
        memcpy(out, "0.0", 3);
        return out + 3;
    }
    if (!(value > 1e-10f && value < 1e5f))
        return NULL;
    mantissa = (bits & 0x7FFFFFu) | 0x800000u;
    shift = 150 - (int)(bits >> 23); /* value = mantissa / 2**shift */
    /* floor((23 - shift) * log10(2)), at most one less than the logarithm of the value */
    tens = 8 - (((23 - shift) * 1233 + (1 << 20)) / 4096 - 256);
    ten = fw_powers_of_ten[tens];
    number = (uint32_t)fw_scale(4 * mantissa, ten, shift + 1, &rest); /* with one more binary digit */
    half = (int)(number & 1);
    last = 5 * half;
    number >>= 1;
    upper = (uint32_t)fw_scale(4 * mantissa + 2, ten, shift + 2, &none);
    /* Below a power of two, float32 numbers are closer together. */
    lower = (uint32_t)fw_scale(4 * mantissa - (mantissa == 0x800000u ? 1 : 2), ten, shift + 2, &none);
    while (upper / 10 > lower / 10) {
        rest |= last != 0;
        last = (int)(number % 10);
        number /= 10;
        upper /= 10;
        lower /= 10;
        dropped++;
    }
    /* Round to nearest, ties to even, but not out of the interval. */
    number += (number == lower) | (last > 5) | ((last == 5) & (rest | (int)(number & 1)));
    while (number % 10 == 0) {
        number /= 10;
        dropped++;
    }
    /* NumPy decides whether a number just below 0.0001 is written with an exponent. */
    if (number == 1 && dropped - tens == -4)
        return NULL;
    return fw_write_digits(number, dropped - tens, out);
}

/* Write a row and a line feed. Return the end, or NULL if a number is out of range. */
static char *fw_write_row(const float *row, int64_t width, char *out) {
    for (int64_t i = 0; i < width; i++) {
        *out++ = ' ';
        out = fw_write_float(row[i], out);
        if (out == NULL)
            return NULL;
    }
    *out++ = '\n';
    return out;
}

static const double fw_exact_powers_of_ten[23] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Return the value of eight ASCII digits, the first in the lowest byte, with three multiplications (Lemire, "Number
 * Parsing at a Gigabyte per Second", Software: Practice and Experience 2021). */
FW_INLINE uint64_t fw_eight_digits(uint64_t text) {
    text = (text & 0x0F0F0F0F0F0F0F0Fu) * 2561 >> 8;
    text = (text & 0x00FF00FF00FF00FFu) * 6553601 >> 16;
    return (text & 0x0000FFFF0000FFFFu) * 42949672960001u >> 32;
}

FW_INLINE int fw_are_digits(uint64_t text) {
    return (((text + 0x4646464646464646u) | (text - 0x3030303030303030u)) & 0x8080808080808080u) == 0;
}

/* Read a number of the form `-12.34e-5` that ends before `stop`. Return its end, or NULL if it has another form. */
FW_INLINE const uint8_t *fw_read_float(const uint8_t *text, const uint8_t *stop, float *value) {
    const uint64_t most = 1000000000000000000u; /* a smaller number can take another digit */
    uint64_t digits = 0, bits;
    int64_t exponent = 0;
    int any = 0, exact, cut = 0, negative = 0;
    double number;
    if (text < stop && (*text == '-' || *text == '+'))
        negative = *text++ == '-';
    for (; text < stop && (uint8_t)(*text - '0') < 10; text++) {
        if (digits >= most)
            return NULL;
        any = 1;
        digits = 10 * digits + (uint8_t)(*text - '0');
    }
    if (text < stop && *text == '.') {
        const uint8_t *first = ++text;
        while (stop - text >= 8 && digits < most / 10000000 && fw_are_digits(fw_load(text))) {
            digits = 100000000 * digits + fw_eight_digits(fw_load(text));
            text += 8;
        }
        for (; text < stop && (uint8_t)(*text - '0') < 10 && digits < most; text++)
            digits = 10 * digits + (uint8_t)(*text - '0');
        any |= text > first;
        exponent = first - text;
        /* The remaining digits change the value by less than one part in 10**18. */
        for (; text < stop && (uint8_t)(*text - '0') < 10; text++)
            cut = 1;
    }
    if (!any)
        return NULL;
    if (text < stop && (*text == 'e' || *text == 'E')) {
        int minus = 0, given = 0;
        text++;
        if (text < stop && (*text == '-' || *text == '+'))
            minus = *text++ == '-';
        if (text == stop || (uint8_t)(*text - '0') >= 10)
            return NULL;
        for (; text < stop && (uint8_t)(*text - '0') < 10; text++) {
            given = 10 * given + (*text - '0');
            if (given > 1000)
                return NULL;
        }
        exponent += minus ? -given : given;
    }
    if (digits == 0) {
        *value = negative ? -0.0f : 0.0f;
        return text;
    }
    if (exponent < -44 || exponent > 22)
        return NULL;
    number = (double)digits;
    exact = digits <= (uint64_t)1 << 53 && !cut && exponent >= -22 && FLT_EVAL_METHOD == 0;
    if (exponent < -22) {
        number /= 1e22;
        exponent += 22;
    }
    number = exponent < 0 ? number / fw_exact_powers_of_ten[-exponent] : number * fw_exact_powers_of_ten[exponent];
    if (number > 3e38 || number < 2e-38)
        return NULL;
    memcpy(&bits, &number, 8);
    /* The cast to float32 drops 29 bits. */
    if (!exact && (bits & 0x1FFFFFFF) > 0x10000000 - 8 && (bits & 0x1FFFFFFF) < 0x10000000 + 8)
        return NULL;
    *value = (float)(negative ? -number : number);
    return text;
}

/* Read a line of a word and `width` numbers, each after one space. Return the end of the word, or NULL if the line has
 * another form. */
static const uint8_t *fw_read_row(const uint8_t *line, const uint8_t *stop, int64_t width, float *row) {
    const uint8_t *end = (const uint8_t *)memchr(line, ' ', (size_t)(stop - line)), *at = end;
    if (end == NULL)
        return NULL;
    for (int64_t i = 0; i < width; i++) {
        if (at == stop || *at != ' ')
            return NULL;
        at = fw_read_float(at + 1, stop, &row[i]);
        if (at == NULL)
            return NULL;
    }
    return at == stop ? end : NULL;
}

/* Return the length of a line without the white space at its end, as bytes.rstrip() removes it. */
static int64_t fw_stripped(const uint8_t *line, int64_t length) {
    while (length > 0 && (line[length - 1] == ' ' || (line[length - 1] >= 0x09 && line[length - 1] <= 0x0D)))
        length--;
    return length;
}

#endif
