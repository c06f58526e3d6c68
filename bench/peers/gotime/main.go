// Command gotime answers, with the collector's own code, what a time stamp, a severity word or a line of bytes becomes.
//
// Each line of standard input is a JSON request; the same object with the answers in it goes to standard output.
//
//	{"kind": "time", "layout_type", "layout", "location", "local", "now", "values": [...]}  -> "config_error" or "answers"
//	{"kind": "severity", "preset", "mapping", "values": [...]}                              -> "config_error" or "answers"
//	{"kind": "utf8", "values": [hex]}                                                       -> "answers": [hex]
//
// "now" (Unix nanoseconds) is the clock, "local" the machine's location. The answer for a time is the value of the OTLP
// field time_unix_nano in decimal, or {"error": message}.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"
	"time"
	_ "unsafe" // go:linkname

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/entry"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/helper"
	"go.opentelemetry.io/collector/component"
	"golang.org/x/text/encoding/unicode"
)

// The clock of the year inference, which only the collector's own tests can set otherwise.
//
//go:linkname clock github.com/open-telemetry/opentelemetry-collector-contrib/internal/coreinternal/timeutils.Now
var clock func() time.Time

type request struct {
	Kind        string         `json:"kind"`
	LayoutType  string         `json:"layout_type,omitempty"`
	Layout      string         `json:"layout,omitempty"`
	Location    string         `json:"location,omitempty"`
	Local       string         `json:"local,omitempty"`
	Now         int64          `json:"now,omitempty"`
	Preset      string         `json:"preset,omitempty"`
	Mapping     map[string]any `json:"mapping,omitempty"`
	Values      []any          `json:"values"`
	ConfigError string         `json:"config_error,omitempty"`
	Answers     []any          `json:"answers,omitempty"`
}

type failure struct {
	Error string `json:"error"`
}

// plain turns a JSON number written without fraction into an int, as YAML has it in a mapping.
func plain(value any) any {
	switch v := value.(type) {
	case json.Number:
		if i, err := strconv.Atoi(v.String()); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	}
	return value
}

func answerTime(r *request) error {
	local, err := time.LoadLocation(r.Local)
	if err != nil {
		return err
	}
	time.Local = local
	clock = func() time.Time { return time.Unix(0, r.Now) }
	field := entry.NewBodyField()
	parser := helper.NewTimeParser()
	parser.ParseFrom = &field
	parser.LayoutType = r.LayoutType
	parser.Layout = r.Layout
	parser.Location = r.Location
	if err := parser.Validate(); err != nil {
		return err
	}
	for _, value := range r.Values {
		e := entry.New()
		e.Timestamp = time.Time{}
		e.Body = plain(value)
		if err := parser.Parse(e); err != nil {
			r.Answers = append(r.Answers, failure{err.Error()})
			continue
		}
		// As pkg/stanza/adapter writes a record.
		stamp := uint64(0)
		if !e.Timestamp.IsZero() {
			stamp = uint64(e.Timestamp.UnixNano())
		}
		r.Answers = append(r.Answers, strconv.FormatUint(stamp, 10))
	}
	return nil
}

func answerSeverity(r *request) error {
	field := entry.NewBodyField()
	config := helper.NewSeverityConfig()
	config.ParseFrom = &field
	config.Preset = r.Preset
	config.Mapping, _ = plain(r.Mapping).(map[string]any)
	parser, err := config.Build(component.TelemetrySettings{})
	if err != nil {
		return err
	}
	for _, value := range r.Values {
		e := entry.New()
		e.Body = plain(value)
		if err := parser.Parse(e); err != nil {
			r.Answers = append(r.Answers, failure{err.Error()})
			continue
		}
		r.Answers = append(r.Answers, []any{int(e.Severity), e.SeverityText})
	}
	return nil
}

func answerUTF8(r *request) error {
	for _, value := range r.Values {
		line, err := hex.DecodeString(value.(string))
		if err != nil {
			return err
		}
		decoded, err := unicode.UTF8.NewDecoder().Bytes(line)
		if err != nil {
			return err
		}
		r.Answers = append(r.Answers, hex.EncodeToString(decoded))
	}
	return nil
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<26)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	answer := map[string]func(*request) error{"time": answerTime, "severity": answerSeverity, "utf8": answerUTF8}
	for in.Scan() {
		var r request
		decoder := json.NewDecoder(bytes.NewReader(in.Bytes()))
		decoder.UseNumber()
		if err := decoder.Decode(&r); err != nil {
			panic(err)
		}
		if err := answer[r.Kind](&r); err != nil {
			r.ConfigError = err.Error()
		}
		if err := encoder.Encode(&r); err != nil {
			panic(err)
		}
	}
	if err := in.Err(); err != nil {
		panic(err)
	}
}
