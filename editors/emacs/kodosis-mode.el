;;; kodosis-mode.el --- interface files of HPRPC -*- lexical-binding: t; -*-
;; SPDX-License-Identifier: MIT
;;; Commentary:
;; Colours, indentation, comments and `compile' for files of the Kodosis language (*.kod), and the language server for eglot.
;;; Code:

(defgroup kodosis nil "Interface files of HPRPC." :group 'languages)

(defcustom kodosis-program "kodosis" "The program kodosis." :type 'string :group 'kodosis)

(defcustom kodosis-indent 4 "Columns of a level." :type 'integer :safe #'integerp :group 'kodosis)

(defvar kodosis-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?/ ". 124b" table)
    (modify-syntax-entry ?* ". 23" table)
    (modify-syntax-entry ?\n "> b" table)
    (modify-syntax-entry ?< "(>" table)
    (modify-syntax-entry ?> ")<" table)
    (modify-syntax-entry ?_ "_" table)
    table))

(defconst kodosis-font-lock-keywords
  `(("\\_<\\(namespace\\|import\\|const\\|enum\\|struct\\|union\\|error\\|service\\|type\\|extensible\\|flags\\)\\_>[ \t]+[\"A-Za-z]"
     1 font-lock-keyword-face)
    ("\\_<extensible[ \t]+\\(struct\\|union\\|enum\\|flags\\)\\_>" 1 font-lock-keyword-face)
    ("\\_<flags[ \t]+\\(enum\\)\\_>" 1 font-lock-keyword-face)
    ("\\_<\\(?:enum\\|struct\\|union\\|error\\|service\\|type\\)\\_>[ \t]+\\([A-Za-z][A-Za-z0-9_]*\\)[ \t]*\\(?:[:{=]\\|version\\|as\\|$\\)"
     1 font-lock-type-face)
    ("\\_<\\(oneway\\|idempotent\\)\\_>[ \t]+[A-Za-z]" 1 font-lock-keyword-face)
    (")[ \t\n]*\\_<\\(raises\\)\\_>" 1 font-lock-keyword-face)
    ("\\_<\\(deprecated\\)\\_>[ \t]*\"" 1 font-lock-warning-face)
    ("\\_<service\\_>.*\\_<\\(version\\)\\_>[ \t]+[0-9]" 1 font-lock-keyword-face)
    ("\\_<service\\_>[^{]*\\_<\\(as\\)\\_>[ \t]+[A-Za-z]" 1 font-lock-keyword-face)
    ("\\_<\\(bool\\|u?int\\(?:8\\|16\\|32\\|64\\)\\|float\\(?:32\\|64\\)\\|string\\|bytes\\|void\\|list\\|optional\\|map\\|stream\\)\\_>"
     . font-lock-builtin-face)
    ("\\_<\\(fd\\)\\_>[ \t]*[[>,A-Za-z]" 1 font-lock-builtin-face)
    ("\\_<\\(true\\|false\\)\\_>" . font-lock-constant-face)
    ("\\_<\\([A-Za-z][A-Za-z0-9_]*\\)[ \t]*(" 1 font-lock-function-name-face))
  "What is coloured, beside strings and comments.")

(defun kodosis-indent-line ()
  "Indent the line by the brackets that are open in front of it."
  (interactive)
  (let* ((state (save-excursion (syntax-ppss (line-beginning-position))))
         (depth (car state)))
    (unless (nth 8 state)
      (save-excursion
        (back-to-indentation)
        (when (looking-at-p "[])}>]")
          (setq depth (max 0 (1- depth)))))
      (if (<= (current-column) (current-indentation))
          (indent-line-to (* depth kodosis-indent))
        (save-excursion (indent-line-to (* depth kodosis-indent)))))))

;;;###autoload
(define-derived-mode kodosis-mode prog-mode "Kodosis"
  "Mode for interface files of HPRPC."
  (setq-local font-lock-defaults '(kodosis-font-lock-keywords)
              comment-start "// "
              comment-end ""
              comment-start-skip "\\(?://+\\|/\\*+\\)[ \t]*"
              indent-line-function #'kodosis-indent-line
              indent-tabs-mode nil)
  (when buffer-file-name
    (setq-local compile-command
                (concat kodosis-program " check " (shell-quote-argument (file-name-nondirectory buffer-file-name))))))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.kod\\'" . kodosis-mode))

(with-eval-after-load 'eglot
  (when (boundp 'eglot-server-programs)
    (add-to-list 'eglot-server-programs (list 'kodosis-mode kodosis-program "lsp"))))

(provide 'kodosis-mode)
;;; kodosis-mode.el ends here
