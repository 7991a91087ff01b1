;;; look.el --- what a person does in Emacs -*- lexical-binding: t; -*-
;; SPDX-License-Identifier: MIT
(require 'kodosis-mode)

(defun look-fail (format &rest arguments)
  (princ (concat "FAILED: " (apply #'format format arguments) "\n"))
  (kill-emacs 1))

(defconst look-faces
  '(("K" font-lock-keyword-face font-lock-warning-face) ("S" font-lock-string-face) ("T" font-lock-type-face)
    ("B" font-lock-builtin-face) ("N" nil) ("#" nil) ("D" font-lock-comment-face font-lock-comment-delimiter-face)
    ("C" font-lock-comment-face font-lock-comment-delimiter-face) ("L" font-lock-constant-face)
    ("F" font-lock-function-name-face) ("E" font-lock-string-face)))

;; colours and indentation
(find-file "marked.kod")
(unless (eq major-mode 'kodosis-mode) (look-fail "the mode is %s" major-mode))
(font-lock-ensure)
(dolist (mark (split-string (with-temp-buffer (insert-file-contents "marks") (buffer-string)) "\n" t))
  (pcase-let ((`(,line ,column ,kind) (split-string mark)))
    (goto-char (point-min))
    (forward-line (1- (string-to-number line)))
    (forward-char (1- (string-to-number column)))
    (let ((face (get-text-property (point) 'face)))
      (unless (memq (if (listp face) (car face) face) (cdr (assoc kind look-faces)))
        (look-fail "%s:%s %s: %s, not %s" line column (thing-at-point 'symbol) face kind)))))
(let ((text (buffer-string)))
  (indent-region (point-min) (point-max))
  (unless (equal text (buffer-string)) (look-fail "it is indented otherwise:\n%s" (buffer-string))))
(set-buffer-modified-p nil)

;; eglot, which is built in since Emacs 29
(unless (require 'eglot nil t)
  (princ "colours are right; SKIPPED: eglot is not installed\n")
  (kill-emacs 77))
(require 'flymake)
(setq eglot-sync-connect 20 eglot-autoshutdown nil)
(find-file "main.kod")
(apply #'eglot (eglot--guess-contact)) ; as M-x eglot does, by what kodosis-mode says of the server

(defun look-wait (what condition)
  (let ((until (+ (float-time) 20)) result)
    (while (not (setq result (funcall condition)))
      (when (> (float-time) until) (look-fail "no %s" what))
      (accept-process-output nil 0.05))
    result))

(defun look-errors ()
  (mapcar #'flymake-diagnostic-text (flymake-diagnostics)))

;; errors while typing
(look-wait "client" (lambda () (eglot-managed-p)))
(flymake-start)
(look-wait "error" (lambda () (equal (length (look-errors)) 1)))
(unless (string-match-p "unknown type 'Missing'" (car (look-errors))) (look-fail "%s" (look-errors)))
(goto-char (point-min))
(search-forward "Missing m;")
(delete-region (match-beginning 0) (match-end 0))
(eglot--signal-textDocument/didChange)

;; definition and renaming
(goto-char (point-min))
(search-forward "common.Sev")
(let ((found (car (xref-backend-definitions 'eglot (xref-backend-identifier-at-point 'eglot)))))
  (unless (and found (string-match-p "common.kod" (format "%s" (xref-location-group (xref-item-location found)))))
    (look-fail "the definition is %s" found)))
(let ((eglot-confirm-server-initiated-edits nil))
  (cl-letf (((symbol-function 'y-or-n-p) (lambda (&rest _) t)))
    (eglot-rename "Level")))
(unless (string-match-p "common.Level severity" (buffer-string)) (look-fail "not renamed here: %s" (buffer-string)))
(unless (string-match-p "enum Level" (with-current-buffer (find-file-noselect "common.kod") (buffer-string)))
  (look-fail "not renamed there"))

;; formatting
(eglot-format-buffer)
(unless (string-match-p "^struct Entry { common.Level severity; }" (buffer-string)) (look-fail "not formatted: %s" (buffer-string)))
(princ "ALL IS WELL\n")
(kill-emacs 0)
