// regex_peers times PCRE2's JIT or RE2, called from C++, over the lines of a file: what fastlog.operators.regex is compared
// with.
//
//	regex_peers pcre2|re2 PATTERN FILE
//
// prints one JSON object: {"lines", "matched", "seconds"}: CPU seconds of the fastest of seven passes over the file, with
// all groups captured. Finding the ends of the lines is timed alone and subtracted.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <re2/re2.h>

#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

using Match = std::function<bool(const char *, size_t)>;

static double cpu() {
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

template <typename F>
static long each_line(const std::string &data, F match, long *lines) {
    long matched = 0;
    *lines = 0;
    for (const char *p = data.data(), *end = p + data.size(); p < end;) {
        const char *newline = static_cast<const char *>(memchr(p, '\n', end - p));
        if (!newline) newline = end;
        matched += match(p, static_cast<size_t>(newline - p));
        ++*lines;
        p = newline + 1;
    }
    return matched;
}

template <typename F>
static double fastest(const std::string &data, F match, long *matched, long *lines) {
    double best = 1e9;
    for (int pass = 0; pass < 7; pass++) {
        const double start = cpu();
        *matched = each_line(data, match, lines);
        best = std::min(best, cpu() - start);
    }
    return best;
}

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "usage: regex_peers pcre2|re2 PATTERN FILE\n"), 2;
    std::ifstream file(argv[3], std::ios::binary);
    const std::string data((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    long lines = 0, matched = 0, none = 0;
    volatile size_t sink = 0;
    const double framing = fastest(data, [&](const char *, size_t n) { sink = n; return false; }, &none, &lines);
    double seconds;
    if (!strcmp(argv[1], "pcre2")) {
        int error;
        PCRE2_SIZE offset;
        pcre2_code *code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(argv[2]), PCRE2_ZERO_TERMINATED, 0, &error, &offset, 0);
        if (!code || pcre2_jit_compile(code, PCRE2_JIT_COMPLETE)) return fprintf(stderr, "pcre2: error %d\n", error), 1;
        pcre2_match_data *groups = pcre2_match_data_create_from_pattern(code, 0);
        seconds = fastest(
            data,
            [&](const char *p, size_t n) {
                return pcre2_jit_match(code, reinterpret_cast<PCRE2_SPTR>(p), n, 0, 0, groups, nullptr) > 0;
            },
            &matched, &lines);
    } else {
        const RE2 re(argv[2]);
        if (!re.ok()) return fprintf(stderr, "re2: %s\n", re.error().c_str()), 1;
        std::vector<re2::StringPiece> groups(1 + re.NumberOfCapturingGroups());
        seconds = fastest(
            data,
            [&](const char *p, size_t n) {
                return re.Match(re2::StringPiece(p, n), 0, n, RE2::UNANCHORED, groups.data(), groups.size());
            },
            &matched, &lines);
    }
    printf("{\"lines\": %ld, \"matched\": %ld, \"seconds\": %.9f}\n", lines, matched, seconds - framing);
}
