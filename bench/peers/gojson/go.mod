module fastlog.invalid/gojson

go 1.24

require github.com/goccy/go-json v0.10.6
