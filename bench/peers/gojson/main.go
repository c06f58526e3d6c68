// Command gojson records what the JSON library of the collector's json_parser answers: the referee for the JSON kernel.
//
// Standard input holds one text a line, as a JSON string of its base64. Standard output holds, in the same order,
// {"text": base64, "plain": answer, "ints": answer}: "plain" as json_parser reads it (Unmarshal), "ints" with
// parse_ints (a Decoder that keeps numbers). An answer is null for an error, else a value: {"o": {key: value}},
// {"a": [value]}, {"s": base64}, {"d": "bits of a double in hexadecimal"}, {"i": "digits"}, true, false, or "null".
package main

import (
	"bufio"
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"strconv"

	"github.com/goccy/go-json"
)

type answer struct {
	Text  []byte `json:"text"`
	Plain any    `json:"plain"`
	Ints  any    `json:"ints"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	buffered := bufio.NewWriter(os.Stdout)
	out := stdjson.NewEncoder(buffered)
	out.SetEscapeHTML(false)
	for in.Scan() {
		var a answer
		must(stdjson.Unmarshal(in.Bytes(), &a.Text))
		a.Plain = attempt(func() (map[string]any, error) {
			var v map[string]any
			return v, json.Unmarshal(a.Text, &v)
		})
		a.Ints = attempt(func() (map[string]any, error) {
			var v map[string]any
			d := json.NewDecoder(bytes.NewReader(a.Text))
			d.UseNumber()
			return v, d.Decode(&v)
		})
		must(out.Encode(a))
	}
	must(in.Err())
	must(buffered.Flush())
}

func attempt(parse func() (map[string]any, error)) any {
	v, err := parse()
	if err != nil {
		return nil
	}
	if v == nil {
		return "null"
	}
	return typed(v)
}

func typed(v any) any {
	switch t := v.(type) {
	case map[string]any:
		o := map[string]any{}
		for k, e := range t {
			o[k] = typed(e)
		}
		return map[string]any{"o": o}
	case []any:
		a := make([]any, 0, len(t))
		for _, e := range t {
			a = append(a, typed(e))
		}
		return map[string]any{"a": a}
	case string:
		return map[string]any{"s": []byte(t)}
	case float64:
		return map[string]any{"d": fmt.Sprintf("%016x", math.Float64bits(t))}
	case json.Number:
		if i, err := t.Int64(); err == nil {
			return map[string]any{"i": strconv.FormatInt(i, 10)}
		}
		f, err := t.Float64()
		must(err)
		return typed(f)
	case bool:
		return t
	default:
		return "null"
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
