/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where mosd and the tools meet. */
#ifndef MOS_NODE_PATHS_H
#define MOS_NODE_PATHS_H

#define MOS_RUN_DIR	     "/run/umosix"
#define MOS_CONTROL_PATH     MOS_RUN_DIR "/control"
#define MOS_SUPERVISORS_PATH MOS_RUN_DIR "/supervisors"
#define MOS_LOCK_PATH	     MOS_RUN_DIR "/mosd.lock"
#define MOS_SLOTS_DIR	     MOS_RUN_DIR "/slots"
#define MOS_CGROUP_MOUNT     MOS_RUN_DIR "/cgroup"
#define MOS_STATE_DIR	     "/var/lib/umosix"
#define MOS_LIFE_PATH	     MOS_STATE_DIR "/life"
#define MOS_LEVERS_PATH	     MOS_STATE_DIR "/levers"
#define MOS_NODES_PATH	     MOS_STATE_DIR "/nodes"
#define MOS_NUMBER_PATH	     MOS_STATE_DIR "/number"
#define MOS_UNDISPUTED_PATH  MOS_RUN_DIR "/number"
#define MOS_DISCOVER_PATH    MOS_RUN_DIR "/discover"
#define MOS_CONF_PATH	     "/etc/umosix/mosd.conf"
#define MOS_KEY_PATH	     "/etc/umosix/cluster.key"

#define CONTROL_LINE_MAX 65536U /* bytes of one line with its newline */

#endif
