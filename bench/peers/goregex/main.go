// Command goregex records what Go's regexp package answers: it is the referee for fastlog.operators.regex.
//
// Standard input holds one JSON object a line: {"pattern": "…", "lines": ["<base64>", …]}. Standard output holds, in the
// same order, {"pattern", "names": [name of each group], "lines", "matches": [[start, end, start, end, …] | null, …]}:
// FindSubmatchIndex of each line, byte offsets, -1 where a group took no part. A pattern that Go refuses gives
// {"pattern", "error": "message"}.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"
	"regexp"
)

type request struct {
	Pattern string   `json:"pattern"`
	Lines   [][]byte `json:"lines"`
}

type refusal struct {
	Pattern string `json:"pattern"`
	Error   string `json:"error"`
}

type answer struct {
	Pattern string   `json:"pattern"`
	Names   []string `json:"names"`
	Lines   [][]byte `json:"lines"`
	Matches [][]int  `json:"matches"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	buffered := bufio.NewWriter(os.Stdout)
	out := json.NewEncoder(buffered)
	out.SetEscapeHTML(false)
	for in.Scan() {
		var r request
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			log.Fatal(err)
		}
		re, err := regexp.Compile(r.Pattern)
		if err != nil {
			must(out.Encode(refusal{r.Pattern, err.Error()}))
			continue
		}
		a := answer{Pattern: r.Pattern, Names: re.SubexpNames()[1:], Lines: r.Lines}
		for _, line := range r.Lines {
			a.Matches = append(a.Matches, re.FindSubmatchIndex(line))
		}
		must(out.Encode(a))
	}
	must(in.Err())
	must(buffered.Flush())
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
