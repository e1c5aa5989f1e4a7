-- What wrk sends for shop_layers.py, and the figures that it prints for it as JSON.
-- After `--` stand the access token and a word that no other run has, for a run that writes.
local token, word
local count = 0

function init(arguments)
  token, word = arguments[1], arguments[2]
end

function request()
  if not token then
    return wrk.format("GET")
  end
  count = count + 1
  local headers = { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" }
  local body = string.format('{"name": "%s-%d", "price": "9.50", "stock": 3}', word, count)
  return wrk.format("POST", nil, headers, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %f, "p99_ms": %f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
