-- What a person does in Neovim, one thing after the other. Ends the editor with status 0 if all of it works.
local function fail(text)
  io.stderr:write('FAILED: ' .. text .. '\n')
  vim.cmd('cquit 1')
end

local function expect(condition, text)
  if not condition then
    fail(text)
  end
end

-- Waits until the function returns something that is true, and returns that.
local function wait(what, condition)
  local result
  if not vim.wait(20000, function()
    result = condition()
    return result
  end, 20) then
    fail('no ' .. what)
  end
  return result
end

local function request(method, params)
  local answers, fault = vim.lsp.buf_request_sync(0, method, params, 20000)
  expect(answers, method .. ': ' .. tostring(fault))
  for _, answer in pairs(answers) do
    expect(not answer.err, method .. ': ' .. vim.inspect(answer.err))
    return answer.result
  end
end

local function run()
  expect(vim.bo.filetype == 'kodosis', 'the file type is ' .. vim.bo.filetype)
  wait('client', function() return #vim.lsp.buf_get_clients(0) == 1 end)
  wait('initialization', function() return vim.lsp.buf_get_clients(0)[next(vim.lsp.buf_get_clients(0))].initialized end)

  -- diagnostics while typing, in the right column behind what is no ASCII
  vim.api.nvim_buf_set_lines(0, 2, 3, false, { '/* é😀 */ struct Other { Missing m; }' })
  local found = wait('diagnostics', function()
    local list = vim.diagnostic.get(0)
    return #list > 0 and list
  end)
  expect(#found == 1 and found[1].message:find("unknown type 'Missing'"), vim.inspect(found))
  local line = vim.api.nvim_buf_get_lines(0, 2, 3, false)[1]
  expect(line:sub(found[1].col + 1, found[1].end_col) == 'Missing', vim.inspect(found))
  vim.api.nvim_buf_set_lines(0, 2, 3, false, { '// é😀' })
  wait('end of the diagnostics', function() return #vim.diagnostic.get(0) == 0 end)

  -- hover and definition on common.Severity
  vim.api.nvim_win_set_cursor(0, { 4, 24 })
  local here = vim.lsp.util.make_position_params(0, 'utf-16')
  local hover = request('textDocument/hover', here)
  expect(hover and hover.contents.value:find('How bad it is.'), vim.inspect(hover))
  vim.lsp.buf.definition()
  wait('definition', function() return vim.api.nvim_buf_get_name(0):find('common.kod$') end)
  expect(vim.api.nvim_win_get_cursor(0)[1] == 3 and vim.api.nvim_win_get_cursor(0)[2] == 5, 'the definition is elsewhere')
  vim.cmd('silent buffer main.kod')

  -- completion of an enum's values
  local words = request('textDocument/completion', here)
  expect(#words > 0, 'nothing to complete')

  -- formatting
  if vim.lsp.buf.format then
    vim.lsp.buf.format({ async = false })
  else
    vim.lsp.buf.formatting_sync(nil, 20000)
  end
  expect(vim.api.nvim_buf_get_lines(0, 3, 4, false)[1] == 'struct Entry { common.Severity severity; }', 'not formatted')

  -- renaming, in both files
  vim.api.nvim_win_set_cursor(0, { 4, 24 })
  local params = vim.lsp.util.make_position_params(0, 'utf-16')
  params.newName = 'Level'
  vim.lsp.util.apply_workspace_edit(request('textDocument/rename', params), 'utf-16')
  expect(vim.api.nvim_buf_get_lines(0, 3, 4, false)[1] == 'struct Entry { common.Level severity; }', 'not renamed here')
  local common = vim.api.nvim_buf_get_lines(vim.fn.bufnr('common.kod'), 2, 3, false)[1]
  expect(common == 'enum Level { Debug, Error }', 'not renamed there: ' .. tostring(common))
  -- once both changes have come, what follows is the only error
  vim.api.nvim_buf_set_lines(0, 4, 4, false, { 'struct More { Absent a; }' })
  wait('the only error', function()
    local list = vim.diagnostic.get(0)
    return #list == 1 and list[1].message:find('Absent')
  end)

  io.stderr:write('ALL IS WELL\n')
  vim.cmd('qall!')
end

local ok, fault = pcall(run)
if not ok then
  fail(tostring(fault))
end
