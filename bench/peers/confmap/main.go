// Command confmap records what the collector makes of configurations: it is the referee for fastlog.config.yaml.
//
//	go run . ../../../tests/golden/confmap.json
//
// fills in the answers of that file: {"env": {…}, "cases": [{"configs": [YAML text, …]}, …]}. Each case gets "value", the
// merged and expanded map of confmap v1.66 (see typed); "text", the value at the key "v" as a string field decodes it, if
// it can be one; or "error": true if the configuration is refused. The default scheme is env, as in the collector.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log"
	"os"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
)

type testCase struct {
	Configs []string       `json:"configs"`
	Value   map[string]any `json:"value,omitempty"`
	Text    *string        `json:"text,omitempty"`
	Error   bool           `json:"error,omitempty"`
}

type golden struct {
	Env   map[string]string `json:"env"`
	Cases []testCase        `json:"cases"`
}

type texts struct {
	V string `mapstructure:"v"`
}

func (c *testCase) resolve() {
	c.Value, c.Text, c.Error = nil, nil, false
	settings := confmap.ResolverSettings{
		ProviderFactories: []confmap.ProviderFactory{
			envprovider.NewFactory(), fileprovider.NewFactory(), yamlprovider.NewFactory(),
		},
		DefaultScheme: "env",
	}
	for _, config := range c.Configs {
		settings.URIs = append(settings.URIs, "yaml:"+config)
	}
	resolver, err := confmap.NewResolver(settings)
	if err != nil {
		c.Error = true
		return
	}
	conf, err := resolver.Resolve(context.Background())
	if err != nil {
		c.Error = true
		return
	}
	c.Value = typed(conf.ToStringMap()).(map[string]any)
	var decoded texts
	if conf.IsSet("v") && conf.Unmarshal(&decoded, confmap.WithIgnoreUnused()) == nil {
		c.Text = &decoded.V
	}
}

// typed keeps what JSON does not tell apart: floats from integers, and dates from strings.
func typed(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = typed(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = typed(inner)
		}
	case float64:
		return map[string]any{"$float": strconv.FormatFloat(v, 'g', -1, 64)}
	case time.Time:
		return map[string]any{"$time": v.Format(time.RFC3339Nano)}
	}
	return value
}

func main() {
	path := os.Args[1]
	data, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	var all golden
	if err := json.Unmarshal(data, &all); err != nil {
		log.Fatal(err)
	}
	os.Clearenv()
	for name, value := range all.Env {
		os.Setenv(name, value)
	}
	for i := range all.Cases {
		all.Cases[i].resolve()
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(all); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}
