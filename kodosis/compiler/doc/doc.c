/* SPDX-License-Identifier: MIT */
/* Writing the pages. */
#include "kodosis/compiler/doc/doc.h"

#include "kodosis/compiler/doc/page.h"
#include "kodosis/compiler/write.h"

/* Writes the page of a file, or the overview for NULL. The path is left in ret_path. */
static int write_page(const struct kodosis_model *model, const struct kodosis_file *file, const char *directory,
                      const char *version, struct kodosis_text *ret_path)
{
    struct kodosis_text html = KODOSIS_TEXT_INIT;
    int error;

    ret_path->size = 0;
    kodosis_text_add(ret_path, "%s/", directory);
    if (file) {
        doc_add_page_name(ret_path, file);
        doc_add_file_page(model, file, version, &html);
    } else {
        kodosis_text_add(ret_path, "index.html");
        doc_add_overview(model, version, &html);
    }
    error = kodosis_write_file(ret_path->data, &html);
    kodosis_text_clear(&html);
    return error;
}

int kodosis_doc_write(const struct kodosis_model *model, const char *directory, const char *version,
                      struct kodosis_text *ret_failed)
{
    struct kodosis_text path = KODOSIS_TEXT_INIT;
    int error = write_page(model, NULL, directory, version, &path);

    for (size_t i = 0; i < model->file_count && !error; i++)
        error = write_page(model, model->files[i], directory, version, &path);
    if (error)
        kodosis_text_add(ret_failed, "%s", path.data);
    kodosis_text_clear(&path);
    return error;
}
