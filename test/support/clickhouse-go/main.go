// Asks a query endpoint as Grafana's ClickHouse data source does: clickhouse-go through database/sql, over HTTP, with the data
// source's own options (grafana/clickhouse-datasource v4.20, pkg/plugin/driver.go and settings.go).
//
//	usage: clickhouse-go HOST:PORT [USER PASSWORD]
//
// stdin: a JSON object of `queries` (each with `sql`, and `args` where it has some), `settings` (of the data source) and `connections`
// (at once; the queries are then asked all at once). stdout: a JSON array, an Answer for each query.
package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

type Question struct {
	SQL  string         `json:"sql"`
	Args map[string]any `json:"args"`
}

type Request struct {
	Queries     []Question        `json:"queries"`
	Settings    map[string]string `json:"settings"`
	Connections int               `json:"connections"`
}

type Answer struct {
	Names []string `json:"names"`
	Types []string `json:"types"`
	// The first 10; times in UTC.
	Rows     [][]any `json:"rows"`
	RowCount int     `json:"rowCount"`
	// What went wrong, in the client's words.
	Failed string `json:"failed"`
}

const rowsShown = 10

func main() {
	var request Request
	if err := json.NewDecoder(os.Stdin).Decode(&request); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	db := open(request)
	defer db.Close()
	// The health check.
	if err := db.Ping(); err != nil {
		answers := []Answer{{}}
		answers[0].fail(err)
		print(answers)
		return
	}
	print(askAll(db, request))
}

func open(request Request) *sql.DB {
	user, password := "default", ""
	if len(os.Args) > 3 {
		user, password = os.Args[2], os.Args[3]
	}
	settings := clickhouse.Settings{}
	for name, value := range request.Settings {
		settings[name] = value
	}
	db := clickhouse.OpenDB(&clickhouse.Options{
		Addr:        []string{os.Args[1]},
		Auth:        clickhouse.Auth{Database: "default", Username: user, Password: password},
		Compression: &clickhouse.Compression{Method: clickhouse.CompressionGZIP},
		DialTimeout: 10 * time.Second,
		Protocol:    clickhouse.HTTP,
		ReadTimeout: 60 * time.Second,
		Settings:    settings,
	})
	db.SetMaxOpenConns(max(request.Connections, 1))
	return db
}

func askAll(db *sql.DB, request Request) []Answer {
	answers := make([]Answer, len(request.Queries))
	var asking sync.WaitGroup
	for i, question := range request.Queries {
		if request.Connections <= 1 {
			answers[i] = ask(db, question)
			continue
		}
		asking.Add(1)
		go func() {
			defer asking.Done()
			answers[i] = ask(db, question)
		}()
	}
	asking.Wait()
	return answers
}

func ask(db *sql.DB, question Question) (answer Answer) {
	args := make([]any, 0, len(question.Args))
	for name, value := range question.Args {
		args = append(args, clickhouse.Named(name, value))
	}
	rows, err := db.Query(question.SQL, args...)
	if err != nil {
		answer.fail(err)
		return answer
	}
	defer rows.Close()
	answer.read(rows)
	if err := rows.Err(); err != nil {
		answer.fail(err)
	}
	return answer
}

func (answer *Answer) read(rows *sql.Rows) {
	columns, err := rows.ColumnTypes()
	if err != nil {
		answer.fail(err)
		return
	}
	values, targets := make([]any, len(columns)), make([]any, len(columns))
	for i, column := range columns {
		answer.Names = append(answer.Names, column.Name())
		answer.Types = append(answer.Types, column.DatabaseTypeName())
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			answer.fail(err)
			return
		}
		if answer.RowCount++; answer.RowCount <= rowsShown {
			answer.Rows = append(answer.Rows, shown(values))
		}
	}
}

func shown(values []any) []any {
	row := make([]any, len(values))
	for i, value := range values {
		switch v := value.(type) {
		case time.Time:
			row[i] = v.UTC().Format(time.RFC3339Nano)
		case float64:
			row[i] = v
			if math.IsNaN(v) {
				row[i] = "nan"
			}
		default:
			row[i] = v
		}
	}
	return row
}

func (answer *Answer) fail(err error) {
	answer.Failed = err.Error()
}

func print(answers []Answer) {
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
