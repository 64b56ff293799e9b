/* One end of an emulated link: a process that holds a network namespace with loopback and a TUN device. */
#include "tests/support/netside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEVICE       "slow0"
#define DEVICE_QUEUE 8192 /* packets */

/* Says what the system refused and ends; 77 where this machine does not permit it, 1 otherwise. */
static void refuse(const char *what)
{
	int code = errno;
	bool permitted = code != EPERM && code != EACCES && code != ENOENT && code != ENODEV && code != ENOSPC &&
			 code != EINVAL;

	fprintf(stderr, "link: %s: %s%s\n", what, strerror(code),
		permitted ? "" : "; this machine does not permit it: run as root or permit user namespaces and TUN");
	exit(permitted ? EXIT_FAILURE : NETSIDE_NOT_PERMITTED);
}

static void write_proc(const char *path, const char *text, bool must)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (!ok && must)
		refuse(path);
	if (fd >= 0)
		close(fd);
}

bool netside_own(void)
{
	char map[64];
	unsigned uid = getuid(), gid = getgid();

	if (uid == 0)
		return false;
	if (unshare(CLONE_NEWUSER) < 0)
		refuse("a user namespace");
	write_proc("/proc/self/setgroups", "deny", false);
	snprintf(map, sizeof map, "0 %u 1", uid);
	write_proc("/proc/self/uid_map", map, true);
	snprintf(map, sizeof map, "0 %u 1", gid);
	write_proc("/proc/self/gid_map", map, true);
	return true;
}

static void set_address(struct ifreq *request, const char *text)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	inet_pton(AF_INET, text, &address.sin_addr);
	memcpy(&request->ifr_addr, &address, sizeof address);
}

static void set_up(int control, const char *name)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	if (ioctl(control, SIOCGIFFLAGS, &request) < 0)
		refuse(name);
	request.ifr_flags |= IFF_UP | IFF_RUNNING;
	if (ioctl(control, SIOCSIFFLAGS, &request) < 0)
		refuse(name);
}

/* The TUN device of this namespace, up, with its address of 10.77.0.0/30; returns its descriptor (non-blocking). */
static int make_device(const char *address, int mtu)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (tun < 0 || control < 0)
		refuse("/dev/net/tun");
	snprintf(request.ifr_name, sizeof request.ifr_name, DEVICE);
	if (ioctl(tun, TUNSETIFF, &request) < 0)
		refuse("a TUN device");
	/* No neighbour discovery on the measured link. */
	write_proc("/proc/sys/net/ipv6/conf/" DEVICE "/disable_ipv6", "1", false);
	set_address(&request, address);
	if (ioctl(control, SIOCSIFADDR, &request) < 0)
		refuse("the address of the TUN device");
	set_address(&request, "255.255.255.252");
	if (ioctl(control, SIOCSIFNETMASK, &request) < 0)
		refuse("the netmask of the TUN device");
	request.ifr_mtu = mtu;
	if (ioctl(control, SIOCSIFMTU, &request) < 0)
		refuse("the MTU of the TUN device");
	/* The measured queue is the emulator's own: the device should not drop before it is read (real root only; 500 do too). */
	request.ifr_qlen = DEVICE_QUEUE;
	(void)ioctl(control, SIOCSIFTXQLEN, &request);
	set_up(control, "lo");
	set_up(control, DEVICE);
	close(control);
	return tun;
}

static void send_descriptor(int socket, int fd)
{
	char byte = 0;
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
	    .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	if (sendmsg(socket, &message, 0) < 0)
		refuse("passing the TUN device");
}

/* The other end of send_descriptor; -1 when the holder has ended instead. */
static int receive_descriptor(int socket)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	char byte;
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
	    .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	int fd = -1;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
	return fd;
}

void netside_end_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		exit(EXIT_FAILURE);
}

/* The holder of one namespace: makes it and its device, hands the device over, and only lives. */
static void hold(int mtu, const char *address, int socket, pid_t parent)
{
	netside_end_with(parent);
	if (unshare(CLONE_NEWNET) < 0)
		refuse("a network namespace");
	send_descriptor(socket, make_device(address, mtu));
	close(socket);
	close(STDIN_FILENO);
	for (;;)
		pause();
}

int netside_open(int mtu, const char *address, pid_t *pid)
{
	int pair[2], tun;
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		refuse("a socket pair");
	*pid = fork();
	if (*pid < 0)
		refuse("a process");
	if (*pid == 0) {
		close(pair[0]);
		hold(mtu, address, pair[1], parent);
	}
	close(pair[1]);
	tun = receive_descriptor(pair[0]);
	close(pair[0]);
	if (tun < 0)
		exit(NETSIDE_NOT_PERMITTED); /* the holder has said why */
	return tun;
}
