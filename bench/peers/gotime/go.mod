module fastlog.invalid/gotime

go 1.24

require (
	github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza v0.160.0
	go.opentelemetry.io/collector/component v1.66.0
	golang.org/x/text v0.41.0
)
