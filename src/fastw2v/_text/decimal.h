/* float32 to the shortest decimal that reads back the same, and decimals to float32.
 *
 * Writing follows the idea of Steele and White ("How to Print Floating-Point Numbers Accurately", PLDI 1990) in
 * fixed-width integers, as Adams does it (Ryu, PLDI 2018): the number and the ends of the interval that rounds to it
 * are scaled to nine or ten digits, and digits are dropped while the interval still holds a multiple of ten. The
 * range is limited to 1e-10 ... 1e5, where all of that fits 96 bits without tables.
 *
 * Reading rounds to double first and from there to float32, as Python's float() and NumPy's cast do. Up to 2**53 times
 * a power of ten up to 10**22 that takes one correctly rounded operation (Clinger, "How to Read Floating Point Numbers
 * Accurately", PLDI 1990). With more digits the double is a few units off, which matters only near the middle
 * between two float32 numbers.
 *
 * What is outside the range, or near such a middle, is left to the caller.
 */
#ifndef FASTW2V_TEXT_DECIMAL_H
#define FASTW2V_TEXT_DECIMAL_H

#include <float.h>

#include "classes.h"

#define FW_NUMBER_BYTES 17 /* of one number, and what separates it from the next */

static const uint64_t fw_tens[20] = {1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u,
    1000000000u, 10000000000u, 100000000000u, 1000000000000u, 10000000000000u, 100000000000000u, 1000000000000000u,
    10000000000000000u, 100000000000000000u, 1000000000000000000u, 10000000000000000000u};

static const char fw_pairs[201] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/* floor(factor * ten / 2**shift) for factor < 2**27, a result below 2**33 and 0 < shift < 64; `*rest`: whether
 * anything was cut off. */
FW_TEXT_INLINE uint64_t fw_scaled(uint32_t factor, uint64_t ten, int shift, int *rest) {
    uint64_t below = factor * (ten & 0xFFFFFFFFu), above = factor * (ten >> 32) + (below >> 32);
    below &= 0xFFFFFFFFu;
    if (shift >= 32) {
        *rest = below != 0 || (above & (((uint64_t)1 << (shift - 32)) - 1)) != 0;
        return above >> (shift - 32);
    }
    *rest = (below & (((uint64_t)1 << shift) - 1)) != 0;
    return above << (32 - shift) | below >> shift;
}

/* Write `digits` times 10**exponent in the style of Python's repr; the end of what was written. */
FW_TEXT_INLINE char *fw_write_digits(uint64_t digits, int exponent, char *out) {
    char text[24];
    int start = 24, n, point;
    uint32_t some = (uint32_t)digits;
    while (some >= 100) {
        memcpy(text + (start -= 2), fw_pairs + 2 * (some % 100), 2);
        some /= 100;
    }
    if (some >= 10)
        memcpy(text + (start -= 2), fw_pairs + 2 * some, 2);
    else
        text[--start] = (char)('0' + some);
    n = 24 - start;
    point = n + exponent; /* the decimal point comes before this digit */
    if (point <= -4) {
        *out++ = text[start];
        if (n > 1) {
            *out++ = '.';
            memcpy(out, text + start + 1, (size_t)n - 1);
            out += n - 1;
        }
        memcpy(out, "e-", 2);
        memcpy(out + 2, fw_pairs + 2 * (1 - point), 2);
        return out + 4;
    }
    if (point <= 0) {
        memcpy(out, "0.0000", 6);
        memcpy(out + 2 - point, text + start, (size_t)n);
        return out + 2 - point + n;
    }
    if (n <= point) {
        memcpy(out, text + start, (size_t)n);
        memset(out + n, '0', (size_t)(point - n));
        memcpy(out + point, ".0", 2);
        return out + point + 2;
    }
    memcpy(out, text + start, (size_t)point);
    out[point] = '.';
    memcpy(out + point + 1, text + start + point, (size_t)(n - point));
    return out + n + 1;
}

/* Write `value`; the end of what was written (at most FW_NUMBER_BYTES - 1 bytes), NULL outside the range. */
static char *fw_write_float(float value, char *out) {
    uint32_t bits, mantissa;
    int shift, tens, rest, none, dropped = 0, last = 0, half, up;
    uint64_t ten, number, upper, lower;
    memcpy(&bits, &value, 4);
    if (bits >> 31) {
        *out++ = '-';
        bits &= 0x7FFFFFFFu;
        value = -value;
    }
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
    ten = fw_tens[tens];
    number = fw_scaled(4 * mantissa, ten, shift + 1, &rest); /* with one binary digit more */
    half = (int)(number & 1);
    number >>= 1;
    upper = fw_scaled(4 * mantissa + 2, ten, shift + 2, &none);
    /* Below a power of two the numbers lie closer together. */
    lower = fw_scaled(4 * mantissa - (mantissa == 0x800000u ? 1 : 2), ten, shift + 2, &none);
    rest |= half;
    while (upper / 10 > lower / 10) {
        rest |= last != 0;
        last = (int)(number % 10);
        number /= 10;
        upper /= 10;
        lower /= 10;
        dropped++;
    }
    /* To the nearest, half to even. */
    if (dropped == 0)
        up = half && (number & 1 || rest > half);
    else
        up = last > 5 || (last == 5 && (rest || number & 1));
    if (number == lower || up)
        number++;
    while (number % 10 == 0) {
        number /= 10;
        dropped++;
    }
    /* Just below 0.0001: whether that has an exponent is NumPy's to say. */
    if (number == 1 && dropped - tens == -4)
        return NULL;
    return fw_write_digits(number, dropped - tens, out);
}

/* Write a row and a line feed; the end, or NULL if one number is outside the range. */
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

static const double fw_exact_tens[23] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Read a number that ends before `stop`; where it ends, or NULL if it is of another kind than `-12.34e-5`. */
FW_TEXT_INLINE const uint8_t *fw_read_float(const uint8_t *text, const uint8_t *stop, float *value) {
    uint64_t digits = 0, bits;
    int n_digits = 0, exponent = 0, any = 0, exact, negative = 0;
    double number;
    if (text < stop && (*text == '-' || *text == '+'))
        negative = *text++ == '-';
    for (; text < stop && (uint8_t)(*text - '0') < 10; text++) {
        any = 1;
        digits = 10 * digits + (uint8_t)(*text - '0');
        n_digits += digits != 0;
        if (n_digits > 19)
            return NULL;
    }
    if (text < stop && *text == '.') {
        for (text++; text < stop && (uint8_t)(*text - '0') < 10; text++) {
            any = 1;
            if (n_digits == 19)
                continue; /* what is cut off is less than one part in 10**18 */
            digits = 10 * digits + (uint8_t)(*text - '0');
            n_digits += digits != 0;
            if (--exponent < -1000)
                return NULL;
        }
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
    exact = n_digits < 16 && exponent >= -22 && FLT_EVAL_METHOD == 0;
    if (exponent < -22) {
        number /= 1e22;
        exponent += 22;
    }
    number = exponent < 0 ? number / fw_exact_tens[-exponent] : number * fw_exact_tens[exponent];
    if (number > 3e38 || number < 2e-38)
        return NULL;
    memcpy(&bits, &number, 8);
    /* 29 bits are lost on the way to float32. */
    if (!exact && (bits & 0x1FFFFFFF) > 0x10000000 - 8 && (bits & 0x1FFFFFFF) < 0x10000000 + 8)
        return NULL;
    *value = (float)(negative ? -number : number);
    return text;
}

/* Read a line: a word and `width` numbers, each after one space. The end of the word, or NULL if the line is of
 * another kind. */
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

/* How many bytes of a line are left without the white space at its end, as bytes.rstrip() has it. */
static int64_t fw_stripped(const uint8_t *line, int64_t length) {
    while (length > 0 && (line[length - 1] == ' ' || (line[length - 1] >= 0x09 && line[length - 1] <= 0x0D)))
        length--;
    return length;
}

#endif
