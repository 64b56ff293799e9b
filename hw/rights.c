/* Whose group membership, or which line of the service's settings, would open a device node. */
#include "hw/rights.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void explain_group(const char *node, char *text, size_t size)
{
	char user_buffer[1024], group_buffer[4096];
	struct passwd user_entry, *user = NULL;
	struct group group_entry, *group = NULL;
	struct stat status;
	if (stat(node, &status) < 0 || (status.st_mode & 060) != 060 || status.st_gid == 0 ||
	    getgrgid_r(status.st_gid, &group_entry, group_buffer, sizeof(group_buffer), &group) != 0 || !group)
		snprintf(text, size, "permission denied, and no group has access either. A udev rule must give one.");
	else if (getpwuid_r(geteuid(), &user_entry, user_buffer, sizeof(user_buffer), &user) != 0 || !user)
		snprintf(text, size, "permission denied. Add the user number %u to the group %s.", (unsigned)geteuid(),
			 group->gr_name);
	else
		snprintf(text, size, "permission denied. Add the user %s to the group %s.", user->pw_name,
			 group->gr_name);
}

void rights_explain(const char *node, int error, char *text, size_t size)
{
	if (error != EPERM)
		explain_group(node, text, size);
	else /* the rights of the file would do, but systemd's DevicePolicy= does not */
		snprintf(text, size,
			 "forbidden by the service's settings. Name this kind of device under DeviceAllow= in: "
			 "systemctl edit cresset");
}
