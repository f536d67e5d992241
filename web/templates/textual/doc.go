// Package textual writes numbers, sizes and times the way people read them.
package textual
