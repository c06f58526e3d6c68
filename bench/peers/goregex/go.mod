module fastlog.invalid/goregex

go 1.24
