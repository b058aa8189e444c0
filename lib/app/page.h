/* Pages: turn a visit's reply into HTML or JSON, with the headers that every answer carries. */
#pragma once
#include "app/visit.h"

/* Complete visit->response from the reply. */
void page_render(struct visit *visit);
