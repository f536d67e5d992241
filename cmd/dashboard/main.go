package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	setCollector(os.LookupEnv)
	os.Exit(run(ctx, os.Args[1:], process{os.LookupEnv, os.Stdin, os.Stdout, os.Stderr}))
}
