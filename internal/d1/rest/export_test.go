package rest

import (
	"context"
	"net/http"
)

// Take is how a call is counted.
func Take(b *Budget, ctx context.Context) (func(*http.Response), error) { return b.take(ctx) }

// Refuse is what an answer 429 of the account does.
func Refuse(b *Budget, seconds int) { b.close(seconds) }
