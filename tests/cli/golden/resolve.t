# Against an index file, offline.
$ printf '%s\n' '{"name":"a/web","version":"1.0.0","dependencies":{"a/log":"^1.0"}}' '{"name":"a/web","version":"1.1.0","dependencies":{"a/log":"^2.0"}}' '{"name":"a/log","version":"1.5.0"}' '{"name":"a/log","version":"2.0.0","yanked":true}' >index.jsonl
$ ggen resolve --index index.jsonl a/web
$ ggen resolve --index index.jsonl 'a/web@^1.1'
$ ggen resolve --index index.jsonl a/nothing
$ echo '{"name":' >broken.jsonl; ggen resolve --index broken.jsonl a/web
$ ggen resolve --index nowhere.jsonl a/web
$ ggen resolve a/web
