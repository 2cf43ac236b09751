-- For wrk: POST the lines of the file BODIES in turn. At the end, print an answer that contained errors.
local requests, sent, threads = {}, 0, {}
failed = "" -- global, so that done() can read it from each thread

function setup(thread)
  threads[#threads + 1] = thread
end

function init()
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Accept"] = "application/json"
  for body in io.lines(os.getenv("BODIES")) do
    requests[#requests + 1] = wrk.format(nil, nil, nil, body)
  end
end

function request()
  sent = sent % #requests + 1
  return requests[sent]
end

function response(_, _, body)
  if body:find('"errors":[', 1, true) or body:find('"userErrors":[{', 1, true) then
    failed = body:sub(1, 600)
  end
end

function done()
  for _, thread in ipairs(threads) do
    if thread:get("failed") ~= "" then
      print("Errors in an answer: " .. thread:get("failed"))
    end
  end
end
