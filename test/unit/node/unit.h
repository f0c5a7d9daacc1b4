/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cmocka.h wants included before it. */
#ifndef MOS_TEST_UNIT_NODE_UNIT_H
#define MOS_TEST_UNIT_NODE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#endif
