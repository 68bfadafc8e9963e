package query_test

import (
	"testing"

	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }
